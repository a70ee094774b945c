"""What is filmed: frames of the default face and the sound that they were made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdk.animation.clip import read_clip
from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.blinks import add_blinks
from sdk.rigs.head import Floats, default_head
from sdk.rigs.measure import lip_gap, lip_protrusion
from sdk.rigs.units import MILLIMETRES
from sdk.runtime.clip import frames_of
from sdk.spec import SAMPLE_RATE, FrameRate

if TYPE_CHECKING:
    from sdk.bundle import Bundle
    from sdk.runtime import Session

Show = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Performance:
    """A recording and the face it made.

    Attributes:
        pcm: (N,) samples; empty where there is no sound.
        rate: of `pcm`.
        frame_rate: frames a second.
        faces: (T, 52) ARKit coefficients, or (T, V, 3) millimetres of the default head.
    """

    pcm: Floats
    rate: int
    frame_rate: FrameRate
    faces: Floats

    @property
    def times(self) -> NDArray[np.float64]:
        """(T,) seconds at which the frames are shown."""
        return np.arange(len(self.faces)) / float(self.frame_rate.fraction)

    @property
    def gap(self) -> Floats:
        """(T,) lip gap in millimetres."""
        if self.faces.ndim == 2:
            return lip_gap(default_head(), self.faces)
        upper, lower = default_head().lip_pairs[0]
        gap: Floats = self.faces[:, upper, 1] - self.faces[:, lower, 1]
        return gap

    @property
    def protrusion(self) -> Floats:
        """(T,) millimetres by which the middle of the upper lip is in front of its place at rest."""
        if self.faces.ndim == 2:
            return lip_protrusion(default_head(), self.faces)
        upper = default_head().lip_pairs[0, 0]
        forward: Floats = self.faces[:, upper, 2] - default_head().vertices[upper, 2]
        return forward

    def blinking(self, seed: int) -> Performance:
        """The same with blinks, which cannot be heard.

        Raises:
            UsageError: the faces are vertices, which have no lids to close.
        """
        if self.faces.ndim != 2:
            raise UsageError("--blinks", "the frames are vertices, not channels", "leave it out")
        return replace(self, faces=add_blinks(self.faces, self.times, seed))


def perform(bundle: Bundle, session: Session, pcm: Floats, rate: int) -> Performance:
    """Stream a recording (N,) through a session of `bundle`.

    Raises:
        UsageError: the default head cannot show the bundle's frames.
    """
    shown = showing(bundle.rig.names, bundle.rig.shape, bundle.unit, bundle.path)
    faces = [shown(frame.values) for frame in frames_of(session, pcm, rate)]
    return Performance(np.nan_to_num(pcm), rate, bundle.pipeline.frame_rate, np.stack(faces))


def read_performance(animation: Path, pcm: Floats, rate: int) -> Performance:
    """An animation file ``.npz`` as `python -m sdk animate` writes it, with its sound (N,), which may be empty.

    Raises:
        UsageError: the file cannot be read, is something else, or the default head cannot show it.
    """
    clip = read_clip(animation)
    shown = showing(clip.names, clip.values.shape[1:], clip.unit, animation)
    return Performance(np.nan_to_num(pcm), rate, clip.frame_rate, np.stack([shown(frame) for frame in clip.values]))


def showing(names: tuple[str, ...], shape: tuple[int, ...], unit: str, subject: object) -> Show:
    """What turns a frame's values into what the default head takes: 52 weights, or its own vertices in millimetres.

    Raises:
        UsageError: the default head cannot show them.
    """
    vertices = default_head().vertices.shape
    if names and (not set(names) <= set(ARKIT_52) or shape != (len(names),)):
        raise UsageError(subject, "does not move ARKit's channels", "give a model of the default head")
    if not names and (shape != vertices or unit not in MILLIMETRES):
        raise UsageError(subject, f"its frames are {shape} in {unit!r}", f"give {vertices} of the default head, in mm")
    if not names:
        return lambda values: values * np.float32(MILLIMETRES[unit])
    columns = [ARKIT_52.index(name) for name in names]

    def weights(values: Floats) -> Floats:
        whole = np.zeros(len(ARKIT_52), np.float32)
        whole[columns] = values
        return whole

    return weights


def at_16_khz(performance: Performance) -> Floats:
    """The sound of a performance at 16 kHz."""
    from sdk.audio.resample import resample

    return performance.pcm if performance.rate == SAMPLE_RATE else resample(performance.pcm, performance.rate)
