"""CSV as the app Live Link Face records it, for the importers that know its columns.

The layout has no published definition; this one is what recordings of the app and its importers share: a header of
``Timecode,BlendshapeCount`` and 61 columns, and the time code ``HH:MM:SS:FF.mmm``. Two traps: the columns are ARKit's
names in PascalCase, but right stands before left for the jaw and the mouth, unlike Apple's list; and the file does not
tell its frame rate, so that an importer must be told.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdk.animation.layout import AddFrame, Layout
from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate

SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
SHAPES = tuple(SWAPPED.get(name, name) for name in ARKIT_52)
"""ARKit's names in the order of the columns."""

ROTATIONS = tuple(f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll"))
"""Columns after the shapes. Speech moves none of them: they are 0."""

COLUMNS = (*(name[0].upper() + name[1:] for name in SHAPES), *ROTATIONS)


@contextmanager
def live_link_face_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Writes a row a frame; columns that the frames have no channel for are 0.

    Raises:
        UsageError: the frames have a channel that is not ARKit's.
    """
    unknown = [name for name in layout.columns if name not in ARKIT_52]
    if unknown:
        problem = f"has no column for {len(unknown)} of {len(layout.columns)} channels ({unknown[0]}, ...)"
        raise UsageError("live-link-face", problem, "leave --rig out or write another format")
    place = {name: number for number, name in enumerate(layout.names)}
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["Timecode", "BlendshapeCount", *COLUMNS])

        def add(frame: Frame) -> None:
            values = frame.values.tolist()
            shapes = [f"{values[place[name]] if name in place else 0.0:.10f}" for name in SHAPES]
            code = time_code(frame.index, layout.frame_rate)
            rows.writerow([code, len(COLUMNS), *shapes, *["0.0000000000"] * len(ROTATIONS)])

        yield add


def time_code(index: int, frame_rate: FrameRate) -> str:
    """``HH:MM:SS:FF.mmm`` of a frame. FF counts from 0; mmm, the part of a frame, is always 000.

    At rates that are no whole number, such as 30000/1001, a second of the code has the next whole number of frames:
    SMPTE ST 12-1 calls it non-drop-frame. No frame is left out or named twice within a day.
    """
    seconds, part = divmod(index, math.ceil(frame_rate.fraction))
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}:{second:02d}:{part:02d}.000"
