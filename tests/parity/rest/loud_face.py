"""Executors whose face opens with the loudness, and rests in one way: rightly, or wrongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sdk.runtime.executor import Array, Executor, ExecutorSource
from tests.parity.fakes import SpoiltExecutor

FLOOR, REACH = 0.06, 80.0
"""RMS of a hop below which the face rests, between those of the chord and the music; millimetres that it opens for each
unit above."""

Rest = Callable[[float, float], float]
"""(millimetres that the sound asks for, millimetres of the frame before) -> millimetres."""


def loud_face(rest: Rest) -> Executor:
    """The toy, whose first vertex rises above the template with the loudness of the newest hop."""
    shown = [0.0]

    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        if stage == "audio_encoder":
            level = float(np.sqrt(np.square(given["pcm"]).mean()))
            return {**results, "features": np.full_like(results["features"], level)}
        if stage == "motion_decoder":
            asked = REACH * max(0.0, float(given["features"][-1, 0]) - FLOOR)
            shown[0] = rest(asked, shown[0])
            vertices = given["rest"] - np.float32(0.5)  # which the toy's identity adds to the template
            vertices[0, 1] += shown[0]
            return {**results, "vertices": vertices.astype(np.float32)}
        shown[0] = 0.0  # the prepare stage: a session begins
        return results

    return SpoiltExecutor(spoil)


def open_rests(source: ExecutorSource) -> Executor:
    return loud_face(lambda asked, before: asked)


def open_agape(source: ExecutorSource) -> Executor:
    """It never closes wholly."""
    return loud_face(lambda asked, before: asked + 0.7)


def open_held(source: ExecutorSource) -> Executor:
    """It stays as far open as it ever was."""
    return loud_face(max)


def open_slow(source: ExecutorSource) -> Executor:
    """It falls by a tenth a frame: from 4 mm to half a millimetre in 0.7 s."""
    return loud_face(lambda asked, before: max(asked, 0.9 * before))


def open_trembles(source: ExecutorSource) -> Executor:
    """It swings by a fifth of a millimetre from frame to frame."""
    return loud_face(lambda asked, before: asked or (0.2 if before == 0 else 0.0))
