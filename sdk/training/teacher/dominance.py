"""Coarticulation by dominance functions: every phone pulls the face to its target, most near its own time.

::

    D_i(t) = a_i (exp(-(r d_i(t))^1.5) - e)       F(t) = sum_i D_i(t) T_i / sum_i D_i(t)

d_i is the time in seconds from the phone's core (its middle part; 0 within it), r the rate of decay, e what makes D_i
exactly zero `REACH` seconds away, so that the sum over a few neighbours is the sum over all phones and F is continuous.
Source: Cohen & Massaro, Modeling coarticulation in synthetic visual speech, Models and Techniques in Computer
Animation, 1993, equations 1 to 4; rates and power are of facial movements in tens of milliseconds, chosen by us.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

POWER = 1.5
REACH = 0.45
"""Seconds from its core after which a phone has no say: the slowest rate leaves 1e-5 of its dominance there."""
FULL_LENGTH = 0.08
"""Seconds; a shorter phone loses dominance in proportion (undershoot: Lindblom, J. Acoust. Soc. Am. 35, 1963)."""
CORE_MARGIN, CORE_SHARE = 0.06, 0.3
"""The core leaves the smaller of 60 ms and 30 % of the phone's length to each side."""


@dataclass(frozen=True)
class Pulls:
    """Phones as the blend sees them, in order of time and without gaps.

    Attributes:
        start, end: (n,) seconds; the first may begin at minus infinity, the last may end at infinity.
        targets: (n, k) what each asks for.
        strength: (n,) dominance at the core.
        rate: of decay, 1/s.
    """

    start: Array
    end: Array
    targets: Array
    strength: Array
    rate: float


def blend(pulls: Pulls, times: Array) -> Array:
    """F at `times`.

    Args:
        pulls: at least one, covering all of `times`.
        times: (T,) seconds, increasing.

    Returns:
        (T, k), within the range of the targets.
    """
    length = pulls.end - pulls.start
    margin = np.minimum(CORE_MARGIN, CORE_SHARE * length)
    core_start, core_end = pulls.start + margin, pulls.end - margin
    first = np.searchsorted(times, core_start - REACH)
    last = np.searchsorted(times, core_end + REACH)
    phone, frame = pairs(first, last)
    distance = np.maximum(np.maximum(core_start[phone] - times[frame], times[frame] - core_end[phone]), 0)
    floor = np.exp(-((pulls.rate * REACH) ** POWER))
    short = np.minimum(1, length / FULL_LENGTH)
    weight = (pulls.strength * short)[phone] * np.maximum(np.exp(-((pulls.rate * distance) ** POWER)) - floor, 0)
    total = np.bincount(frame, weight, len(times))
    columns = [np.bincount(frame, weight * column[phone], len(times)) for column in pulls.targets.T]
    return np.stack(columns, 1) / total[:, None]


def pairs(first: NDArray[np.intp], last: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs (i, j) with first[i] <= j < last[i], as two flat arrays."""
    count = np.maximum(last - first, 0)
    which = np.repeat(np.arange(len(first)), count)
    return which, np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[which]
