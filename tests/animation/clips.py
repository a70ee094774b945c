"""Clips for the tests of the writers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sdk.animation.face import Face, face_of_head, face_of_mesh
from sdk.animation.files import open_animation
from sdk.animation.layout import Layout, Sound
from sdk.rigs.arkit import ARKIT_52
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate

SURFACES = ["skin", "mouth", "eye_left", "eye_right", "teeth", "tongue"]
NTSC = FrameRate.parse("29.97")


def tone(seconds: float = 0.5, rate: int = 16_000) -> Sound:
    """A sound that is not silent."""
    times = np.arange(round(seconds * rate)) / rate
    return Sound("tone of mine.flac", (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32), rate)


def channels(names: Sequence[str] = ARKIT_52, **more: Any) -> Layout:
    """A layout of channels."""
    return Layout((len(names),), tuple(names), "1", **{"frame_rate": NTSC, "title": "clip"} | more)


head_face = cache(face_of_head)
"""The default head; its pictures and normals are made once."""


def head_layout(**more: Any) -> Layout:
    """The 52 ARKit channels over the default head."""
    return channels(face=head_face(), **more)


def weights(frames: int, seed: int = 0) -> np.ndarray:
    """(frames, 52) in [0, 1], most of them 0 as in speech."""
    random = np.random.default_rng(seed)
    moving = random.random(52) < 0.4
    return (random.random((frames, 52)) * moving).astype(np.float32)


def write(path: Path, layout: Layout, values: Iterable[np.ndarray], form: str | None = None, first: int = 0) -> Path:
    """Writes (T, ...) values as a file."""
    with open_animation(path, layout, form) as add:
        for index, row in enumerate(values, first):
            add(Frame(index, 100 * index + 7, row, {}))
    return path


def grid(side: int = 12) -> Face:
    """A square of side x side vertices, 1 mm apart, without shapes."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    vertices = np.stack([x, y, 0 * x], axis=2).reshape(-1, 3).astype(np.float32)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + side], axis=1)
    upper = np.stack([corner + 1, corner + side + 1, corner + side], axis=1)
    return face_of_mesh(vertices, np.concatenate([lower, upper]).astype(np.int32), "mm")


def vertex_layout(face: Face) -> Layout:
    """Frames that are the vertices of a face, in millimetres."""
    return Layout(face.vertices.shape, (), "mm", NTSC, face=face)
