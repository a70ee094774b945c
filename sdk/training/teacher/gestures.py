"""Hard gestures over the blended face: lips that really meet, a lip that really touches the teeth, bumps of brows.

Dominance alone never closes a mouth: between two open vowels /b/ would be an average. A gesture is 1 while it holds
and moves in and out on half a cosine, so that it and its speed are continuous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.training.teacher.dominance import pairs

Array = NDArray[np.float64]

ATTACK, RELEASE = 0.070, 0.060
"""Seconds into and out of a lip contact: lip closing and opening movements last 60 to 100 ms."""


@dataclass(frozen=True)
class Gestures:
    """Intervals in which something is held.

    Attributes:
        start, end: (n,) seconds of the hold.
        attack, release: (n,) seconds before `start` and after `end`, above 0.
        height: (n,) value of the hold.
    """

    start: Array
    end: Array
    attack: Array
    release: Array
    height: Array

    @classmethod
    def contacts(cls, intervals: Sequence[tuple[float, float]]) -> Gestures:
        """Full contact over each interval (start, end) in seconds, with `ATTACK` and `RELEASE`."""
        start, end = np.array(intervals, np.float64).reshape(-1, 2).T
        whole = np.ones(len(start))
        return cls(start, end, whole * ATTACK, whole * RELEASE, whole)

    def at(self, times: Array) -> Array:
        """The highest gesture at each of `times` (T,), increasing seconds; 0 where there is none."""
        first = np.searchsorted(times, self.start - self.attack)
        last = np.searchsorted(times, self.end + self.release, side="right")
        gesture, frame = pairs(first, last)
        away = np.maximum(
            (self.start[gesture] - times[frame]) / self.attack[gesture],
            (times[frame] - self.end[gesture]) / self.release[gesture],
        )
        rise = 0.5 + 0.5 * np.cos(np.pi * np.clip(away, 0, 1))
        out = np.zeros(len(times))
        np.maximum.at(out, frame, self.height[gesture] * rise)
        return out
