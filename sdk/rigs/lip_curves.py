"""Curves of the lip gap over time: what counts as shut, how far one curve lags behind another, how it trembles.

Training scores a model against its teacher with these, and parity an artefact against its model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FINE_RATE = 200
"""Values a second of the fine clock. Between frames the gap is interpolated linearly, as a renderer would show it."""
CLOSED = 1.0
"""Millimetres: a smaller lip gap is a closed mouth."""
EARLY, LATE = 0.040, 0.050
"""Seconds before and after the reference closure within which a closure counts as a hit: people tolerate sound about
45 ms before the picture and 125 ms after it (ITU-R BT.1359-1), and a closure is shorter than that."""
LAG_REACH = 0.25
"""Seconds: the largest lag that is looked for, both ways."""


@dataclass(frozen=True)
class Moments:
    """Sums for Pearson's correlation of a predicted with a reference series, over any number of clips."""

    count: float = 0.0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    yy: float = 0.0
    xy: float = 0.0

    @classmethod
    def of(cls, x: Array, y: Array) -> Moments:
        """Of two series of one length."""
        return cls(len(x), *(float(sums) for sums in (x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum())))

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def correlation(self) -> float:
        """In [-1, 1]; NaN where a series is constant."""
        if not self.count:
            return float("nan")
        variance_x = self.xx - self.x * self.x / self.count
        variance_y = self.yy - self.y * self.y / self.count
        floor = 1e-9 * self.count
        if variance_x <= floor or variance_y <= floor:
            return float("nan")
        return (self.xy - self.x * self.y / self.count) / float(np.sqrt(variance_x * variance_y))


def lagged(predicted: Array, reference: Array) -> list[Moments]:
    """Moments of the predicted gap delayed by each lag from -250 to +250 ms in steps of the fine clock.

    Positive lags look for predictions that come late: ``predicted(t + lag)`` is held against ``reference(t)``.
    """
    reach = round(LAG_REACH * FINE_RATE)
    moments = []
    for lag in range(-reach, reach + 1):
        x = predicted[max(lag, 0) : len(predicted) + min(lag, 0)]
        y = reference[max(-lag, 0) : len(reference) - max(lag, 0)]
        moments.append(Moments.of(x, y) if len(x) else Moments())
    return moments


def best_lag(moments: list[Moments]) -> float:
    """Seconds of the lag with the highest correlation, between the steps by a parabola; NaN without a correlation."""
    correlation: NDArray[np.float64] = np.array([part.correlation for part in moments])
    if np.isnan(correlation).all():
        return float("nan")
    best = int(np.nanargmax(correlation))
    centre = float(best)
    if 0 < best < len(correlation) - 1:
        left, middle, right = correlation[best - 1 : best + 2]
        bend = left - 2 * middle + right
        if bend < 0:
            centre += float(0.5 * (left - right) / bend)
    return (centre - len(correlation) // 2) / FINE_RATE


def second_difference(gap: Array) -> Array:
    """``|g(t + 1) - 2 g(t) + g(t - 1)|`` at the frame rate, in millimetres: what the eye sees as trembling."""
    return np.abs(np.diff(gap, 2))
