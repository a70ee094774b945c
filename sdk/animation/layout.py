"""What the frames of an animation file are, and what else goes into it."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from sdk.animation.face import Face
from sdk.rigs.head import Floats
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate

AddFrame = Callable[[Frame], None]


@dataclass(frozen=True, eq=False)
class Sound:
    """The sound that the frames were made from.

    Attributes:
        name: of its file, without folders.
        pcm: (N,) one channel, full scale 1.0.
        rate: samples a second.
    """

    name: str
    pcm: Floats
    rate: int

    def wav(self) -> bytes:
        """A WAV file of 16 bits a sample: the format that both USDZ and the audio draft of glTF take.

        Samples that are not finite are silence; those beyond full scale are clipped.
        """
        file = io.BytesIO()
        soundfile.write(file, np.nan_to_num(self.pcm, posinf=0, neginf=0), self.rate, "PCM_16", format="WAV")
        return file.getvalue()


@dataclass(frozen=True, eq=False)
class Layout:
    """What the frames of a file are.

    Attributes:
        shape: of a frame's values: (V, 3) or (channels,).
        names: of the channels; empty for vertices.
        unit: of the values.
        frame_rate: of the frames.
        title: of the clip.
        sound: that belongs to the frames, for the formats that hold or name it.
        face: that the frames move, for the formats that hold a mesh: its shapes bear the names of the channels, or it
            has no shapes, where the frames are its vertices.
        high: greatest value of each channel; empty for 1.
        unity_path: names from the object with the Animator down to the one with the shapes, for ``.anim``.
        notes: what a format has to say of the file once it is complete; it adds phrases.
    """

    shape: tuple[int, ...]
    names: tuple[str, ...]
    unit: str
    frame_rate: FrameRate
    title: str = "speech"
    sound: Sound | None = None
    face: Face | None = None
    high: tuple[float, ...] = ()
    unity_path: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """One name for each number of a frame: the channels, or ``v0_x v0_y v0_z v1_x ...``."""
        return list(self.names) or [f"v{vertex}_{axis}" for vertex in range(self.shape[0]) for axis in "xyz"]

    def time(self, index: int) -> float:
        """Seconds from the start at which a frame shows: exact, then rounded once."""
        return float(index / self.frame_rate.fraction)


Writer = Callable[[Path, Layout], AbstractContextManager[AddFrame]]
"""Writes a file while its block adds frames; the file is complete when the block ends."""
