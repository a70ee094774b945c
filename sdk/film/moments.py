"""Which frames of speech show most: where the lips close, and where they are wide open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from sdk.errors import UsageError
from sdk.spec import SAMPLE_RATE

Floats = NDArray[np.float32]

CLOSED, OPEN = 1.0, 4.0
"""Millimetres: lips nearer than this count as closed, lips further apart than that as open."""
PROMINENCE = 1.5
"""Millimetres by which a turning point of the gap must stand out from its surroundings."""
NEARBY, QUIET = 0.12, 0.06
"""Speech has sound within so many seconds, louder than this part of the loudest: a stop's closure is silent itself."""
UNEVEN = 0.6
"""What a moment at twice the even distance from the one before costs; the widest opening of all is worth 1."""


@dataclass(frozen=True)
class Moment:
    """A frame worth showing.

    Attributes:
        frame: its row.
        closed: whether the lips are, or have to be, closed there.
        label: what it shows, e.g. a phone; may be empty.
    """

    frame: int
    closed: bool
    label: str = ""


def is_speech(pcm: Floats, times: Floats) -> NDArray[np.bool_]:
    """(T,) whether there is sound near each of `times`, in seconds from the start of `pcm` (N,)."""
    power = np.concatenate([[0.0], np.cumsum(pcm.astype(np.float64) ** 2)])
    first, last = (np.clip(((times + by) * SAMPLE_RATE).astype(int), 0, len(pcm)) for by in (-NEARBY, NEARBY))
    level = np.sqrt((power[last] - power[first]) / np.maximum(last - first, 1))
    heard: NDArray[np.bool_] = level > QUIET * level.max()
    return heard


def choose_moments(gap: Floats, times: Floats, speech: NDArray[np.bool_], count: int) -> list[Moment]:
    """The `count` moments that show most: closures and wide openings in turn, spread over the stretch.

    Candidates are the turning points of the gap in speech, minima below `CLOSED` and maxima above `OPEN`. Of all
    sequences in which the two kinds alternate, the best by dynamic programming is taken: openings count for their
    width, closures for their tightness, and uneven distances cost.

    Args:
        gap: (T,) millimetres.
        times: (T,) seconds, increasing.
        speech: (T,) where to look.
        count: how many.

    Raises:
        UsageError: there are not so many closures and openings in turn.
    """
    closures = [Moment(int(i), True) for i in find_peaks(-gap, prominence=PROMINENCE)[0] if gap[i] < CLOSED]
    openings = [Moment(int(i), False) for i in find_peaks(gap, prominence=PROMINENCE)[0] if gap[i] > OPEN]
    candidates = sorted((m for m in closures + openings if speech[m.frame]), key=lambda moment: moment.frame)
    even = float(times[-1] - times[0]) / count

    def worth(moment: Moment) -> float:
        height = float(gap[moment.frame])
        return 1 - max(height, 0.0) / CLOSED if moment.closed else height / float(gap.max())

    def cost(seconds: float) -> float:
        return UNEVEN * (seconds / even - 1) ** 2

    best = [[(worth(m) - cost(float(times[m.frame] - times[0]) + even / 2), [m]) for m in candidates]]
    for _ in range(count - 1):
        row: list[tuple[float, list[Moment]]] = []
        for place, moment in enumerate(candidates):
            ways = [
                (score + worth(moment) - cost(float(times[moment.frame] - times[path[-1].frame])), [*path, moment])
                for score, path in best[-1][:place]
                if path and path[-1].closed != moment.closed
            ]
            row.append(max(ways, key=lambda way: way[0], default=(-np.inf, [])))
        best.append(row)
    ends = [
        (score - cost(float(times[-1] - times[path[-1].frame]) + even / 2), path) for score, path in best[-1] if path
    ]
    if not ends:
        raise UsageError(
            f"{count} moments",
            f"the lips close {len(closures)} times and open wide {len(openings)} times, not enough in turn",
            "ask for fewer faces or a longer stretch",
        )
    return max(ends, key=lambda way: way[0])[1]
