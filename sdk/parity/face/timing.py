"""How much later than the reference a candidate moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.lip_curves import FINE_RATE, best_lag, lagged

Doubles = NDArray[np.float64]

SHORTEST = 2.0
"""Seconds: of a shorter stream no lag is given."""
MOVES = 0.1
"""Millimetres of deviation below which a curve has no movement to time."""


def fine(times: Doubles, *curves: Doubles) -> tuple[Doubles, ...]:
    """Curves (T,) at increasing `times` in seconds, interpolated linearly to `FINE_RATE`."""
    grid = np.arange(times[0], times[-1], 1 / FINE_RATE)
    return tuple(np.interp(grid, times, curve) for curve in curves)


def lag_ms(reference: Doubles, candidate: Doubles) -> float | None:
    """Milliseconds by which a candidate's curve is late, negative for early: the peak of the cross-correlation.

    Looked for within 250 ms and between steps of 5 ms by a parabola (`sdk.rigs.lip_curves.best_lag`).

    Args:
        reference: (N,) at `FINE_RATE`.
        candidate: (N,).

    Returns:
        None where there is too little stream or movement to tell.
    """
    if len(reference) < SHORTEST * FINE_RATE or reference.std() < MOVES or candidate.std() < MOVES:
        return None
    return best_lag(lagged(candidate, reference)) * 1000
