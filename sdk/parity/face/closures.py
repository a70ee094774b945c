"""Lip closures of one curve of the lip gap, and whether another curve has them too. No phones are needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.lip_curves import CLOSED, EARLY, FINE_RATE, LATE

Doubles = NDArray[np.float64]

HYSTERESIS = 0.25
"""Millimetres above `CLOSED` that end a closure, and within which the other curve still counts as shut: a gap of 0.99
mm beside one of 1.01 mm is neither a closure more nor one less."""
LONGEST = 0.3
"""Seconds: lips that are shut for longer are at rest, and are no closure of p, b or m."""


@dataclass(frozen=True)
class ClosureCount:
    """Closures of two curves.

    Attributes:
        reference: closures of the reference.
        kept: of them, those that the candidate has too.
        candidate: closures of the candidate.
        false: of them, those that the reference does not have.
    """

    reference: int
    kept: int
    candidate: int
    false: int

    @property
    def hit_rate(self) -> float:
        """Share of the reference's closures that are kept, 0 to 1."""
        return self.kept / self.reference if self.reference else 1.0

    @property
    def false_rate(self) -> float:
        """Share of the candidate's closures that are false, 0 to 1."""
        return self.false / self.candidate if self.candidate else 0.0


def closures(gap: Doubles) -> list[tuple[int, int]]:
    """Stretches [first, last] of a gap (N,) at `FINE_RATE` in which the lips are shut.

    A closure begins below 1 mm and ends above 1.25 mm. It lies within the curve, and is 0.3 s long at most.
    """
    shut, ajar = gap < CLOSED, gap < CLOSED + HYSTERESIS
    # Between the two thresholds the state is that of the last value outside of them.
    settled = np.where(shut | ~ajar, np.arange(len(gap)), -1)
    last = np.maximum.accumulate(settled)
    closed = np.where(last >= 0, shut[last], ajar[:1] if len(gap) else False)
    edges = np.flatnonzero(np.diff(closed.astype(np.int8)))
    # The curve begins open or its first stretch is cut off; an opening is needed at the end of each.
    begins = [int(edge) + 1 for edge in edges if not closed[edge]]
    ends = [int(edge) for edge in edges if closed[edge]]
    ends = ends[1:] if ends and (not begins or ends[0] < begins[0]) else ends
    pairs = zip(begins, ends, strict=False)
    return [(first, end) for first, end in pairs if (end - first + 1) / FINE_RATE <= LONGEST]


def closure_count(reference: Doubles, candidate: Doubles) -> ClosureCount:
    """Closures of two gaps (N,) in mm at `FINE_RATE`.

    A closure is kept when the candidate's gap falls below 1.25 mm from 40 ms before it to 50 ms after it; a closure of
    the candidate is false when the reference's does not, from 50 ms before it to 40 ms after it.
    """
    early, late = round(EARLY * FINE_RATE), round(LATE * FINE_RATE)
    ours, theirs = closures(reference), closures(candidate)
    return ClosureCount(
        reference=len(ours),
        kept=sum(_shut(candidate, first - early, last + late) for first, last in ours),
        candidate=len(theirs),
        false=sum(not _shut(reference, first - late, last + early) for first, last in theirs),
    )


def _shut(gap: Doubles, first: int, last: int) -> bool:
    return bool(gap[max(0, first) : last + 1].min() < CLOSED + HYSTERESIS)
