"""A guess at why two streams differ: the deviation that, once undone, would explain most of the error.

Only a hint beside the verdict. Each rule undoes one common mistake of an integration and looks whether the error
shrinks to a tenth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdk.parity.metrics import Values

EXPLAINS = 0.1
"""A guess is given when it leaves less than this fraction of the RMS error."""
MAX_SHIFT = 4
"""Largest shift tried, in frames."""

Rows = NDArray[np.float64]


def diagnose(reference: Values, candidate: Values) -> str:
    """Name the most likely mistake, or the empty string.

    Args:
        reference: (T, ...) finite.
        candidate: (T, ...).
    """
    expected = reference.reshape(len(reference), -1).astype(np.float64)
    got = candidate.reshape(len(candidate), -1).astype(np.float64)
    comparable = len(expected) >= 3 * MAX_SHIFT and bool(np.isfinite(got).all())
    if not comparable or not np.ptp(expected, axis=0).any() or np.array_equal(got, expected):
        return ""
    guesses = (guess(expected, got) for guess in (_stuck, _shifted, _scaled, _swapped))
    return next((guess for guess in guesses if guess), "")


def _stuck(_: Rows, got: Rows) -> str:
    return "" if np.ptp(got, axis=0).any() else "the output never changes: is the state fed back?"


def _shifted(expected: Rows, got: Rows) -> str:
    for frames in range(1, MAX_SHIFT + 1):
        unit = "frame" if frames == 1 else "frames"
        if _explained(expected, got, got[frames:] - expected[:-frames]):
            return f"it is the reference {frames} {unit} late"
        if _explained(expected, got, got[:-frames] - expected[frames:]):
            return f"it is the reference {frames} {unit} early"
    return ""


def _scaled(expected: Rows, got: Rows) -> str:
    gain = float((got * expected).sum() / np.square(expected).sum())
    return f"it is the reference times {gain:.4g}" if _explained(expected, got, got - gain * expected) else ""


def _swapped(expected: Rows, got: Rows) -> str:
    """Two elements in each other's place: the two worst, if swapping them explains the error."""
    error = np.square(got - expected).sum(0)
    if error.size < 2:
        return ""
    pair = np.sort(np.argsort(error)[-2:])
    swapped = got.copy()
    swapped[:, pair] = got[:, pair[::-1]]
    return f"elements {pair[0]} and {pair[1]} are swapped" if _explained(expected, got, swapped - expected) else ""


def _explained(expected: Rows, got: Rows, left: Rows) -> bool:
    return _rms(left) < EXPLAINS * _rms(got - expected)


def _rms(error: Rows) -> float:
    return float(np.sqrt(np.square(error).mean()))
