"""One animation frame as a session gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdk.runtime.executor import Array


@dataclass(frozen=True, eq=False)
class Frame:
    """One animation frame. Its arrays belong to the caller; the session neither reads nor writes them again.

    Attributes:
        index: number of the frame, from 0. It jumps where audio was dropped and never goes back.
        due_sample: absolute index at 16 kHz of the first sample after the frame's time. The frame was computed from
            samples before ``due_sample + lookahead_samples`` only.
        values: what the app shows, float32: vertices (V, 3) in the bundle's unit, or (channels,).
        outputs: every output of the frame stages by its source name, ``STAGE.OUTPUT``, in the spec's shape, as the
            model gave it. `values` is a view of one of them, or made of it where the session retargets.
    """

    index: int
    due_sample: int
    values: Array
    outputs: Mapping[str, Array]
