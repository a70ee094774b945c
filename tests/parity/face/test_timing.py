"""The lag of curves that were shifted by a known time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.parity.face.timing import fine, lag_ms


def speech(times: np.ndarray) -> np.ndarray:
    """A gap that opens and closes as speech does, 2 to 5 times a second."""
    return 4 + 3 * np.sin(2 * np.pi * 2.1 * times) + 2 * np.sin(2 * np.pi * 4.7 * times + 1)


@settings(deadline=None, max_examples=30)
@given(st.floats(-0.15, 0.15))
def test_a_shift_is_found_to_a_millisecond(late: float) -> None:
    times = np.arange(0, 5, 1 / 200)
    assert lag_ms(speech(times), speech(times - late)) == pytest.approx(1000 * late, abs=1)


def test_the_same_curve_is_not_late_at_all() -> None:
    gap = speech(np.arange(0, 5, 1 / 200))
    assert lag_ms(gap, gap) == pytest.approx(0, abs=1e-6)


def test_a_frame_late_is_a_frame_late() -> None:
    times = np.arange(150) / 30
    curves = fine(times, speech(times), speech(times - 1 / 30))
    assert lag_ms(*curves) == pytest.approx(1000 / 30, abs=1)


def test_frames_become_the_fine_clock_along_straight_lines() -> None:
    (curve,) = fine(np.array([0.0, 0.02]), np.array([1.0, 3.0]))
    assert curve.tolist() == pytest.approx([1, 1.5, 2, 2.5])


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        (speech(np.arange(0, 1.9, 1 / 200)), speech(np.arange(0, 1.9, 1 / 200))),
        (np.zeros(1000), speech(np.arange(0, 5, 1 / 200))),
        (speech(np.arange(0, 5, 1 / 200)), np.full(1000, 3.0)),
    ],
    ids=["short", "still reference", "frozen candidate"],
)
def test_too_little_to_tell(reference: np.ndarray, candidate: np.ndarray) -> None:
    assert lag_ms(reference, candidate) is None
