"""What the scores of a sync meter say: by how much sound and face are apart, and how sure that is.

The offset is where sound and motion agree best, the confidence how far the best stands out from the middle of all
(Chung and Zisserman 2016, "Out of time: automated lip sync in the wild", section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.spec import FrameRate


@dataclass(frozen=True)
class SyncReading:
    """What the scores say.

    Attributes:
        offset_ms: how much later the sound comes than the motion that it belongs to; below zero it comes earlier.
        confidence: how far the best score stands above the median of all, 0 to 2.
    """

    offset_ms: float
    confidence: float


def read_scores(scores: NDArray[np.float32], frame_rate: FrameRate) -> SyncReading:
    """The offset at which sound and motion agree best, to a part of a frame: the top of the parabola through three.

    Args:
        scores: (2 K + 1,) of the meter; K at least 1.
        frame_rate: of the stream.
    """
    values = scores.reshape(-1).astype(np.float64)
    reach, best = len(values) // 2, int(values.argmax())
    part = 0.0
    if 0 < best < len(values) - 1:
        before, top, after = values[best - 1 : best + 2]
        bend = before - 2 * top + after
        part = 0.5 * (before - after) / bend if bend < 0 else 0.0
    frame_ms = 1000 / float(frame_rate.fraction)
    return SyncReading((best - reach + part) * frame_ms, float(values[best] - np.median(values)))
