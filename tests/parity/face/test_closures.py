"""Closures of curves drawn by hand, at 200 values a second."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.parity.face.closures import ClosureCount, closure_count, closures


def curve(*parts: tuple[int, float]) -> np.ndarray:
    """A gap that is so long so wide, again and again."""
    return np.concatenate([np.full(length, width) for length, width in parts])


OPEN = (100, 5.0)


@pytest.mark.parametrize(
    ("gap", "found"),
    [
        (curve(OPEN, (20, 0.5), OPEN), [(100, 119)]),
        (curve(OPEN, (20, 1.0), OPEN), []),
        (curve(OPEN, (20, 0.99), OPEN), [(100, 119)]),
        # Between 1 and 1.25 mm it is still the same closure, and no other one begins.
        (curve(OPEN, (5, 0.5), (5, 1.2), (5, 0.5), OPEN), [(100, 114)]),
        (curve(OPEN, (5, 0.5), (5, 1.3), (5, 0.5), OPEN), [(100, 104), (110, 114)]),
        (curve(OPEN, (5, 1.2), (5, 0.5), (5, 1.2), OPEN), [(105, 114)]),
        # At the ends of the stream nobody knows when it began or ended.
        (curve((20, 0.5), OPEN), []),
        (curve(OPEN, (20, 0.5)), []),
        (curve((20, 1.2), (20, 0.5), OPEN), []),
        # 0.3 s are a closure, a value more is a mouth at rest.
        (curve(OPEN, (60, 0.5), OPEN), [(100, 159)]),
        (curve(OPEN, (61, 0.5), OPEN), []),
        (curve(OPEN), []),
        (np.zeros(0), []),
    ],
)
def test_closures_by_hand(gap: np.ndarray, found: list[tuple[int, int]]) -> None:
    assert closures(gap) == found


@pytest.mark.parametrize(
    ("shift", "kept"),
    # The candidate's closure of 100 ms lies so many values later; up to 50 ms late or 40 ms early is in time.
    [(0, 1), (29, 1), (30, 0), (-27, 1), (-28, 0)],
)
def test_a_closure_is_kept_within_the_window(shift: int, kept: int) -> None:
    reference = curve(OPEN, (20, 0.5), OPEN)
    candidate = curve((100 + shift, 5.0), (20, 0.5), (100 - shift, 5.0))
    count = closure_count(reference, candidate)
    assert count == ClosureCount(reference=1, kept=kept, candidate=1, false=1 - kept)


def test_a_closure_on_the_threshold_is_neither_more_nor_less() -> None:
    shut, nearly = curve(OPEN, (20, 0.99), OPEN), curve(OPEN, (20, 1.01), OPEN)
    assert closure_count(shut, nearly) == ClosureCount(1, 1, 0, 0)
    assert closure_count(nearly, shut) == ClosureCount(0, 0, 1, 0)


def test_missed_and_false_closures_have_rates() -> None:
    reference = curve(OPEN, (20, 0.5), OPEN, (20, 0.5), OPEN)
    candidate = curve(OPEN, (20, 3.0), (50, 5.0), (10, 0.2), (40, 5.0), (20, 0.5), OPEN)
    count = closure_count(reference, candidate)
    assert count == ClosureCount(reference=2, kept=1, candidate=2, false=1)
    assert (count.hit_rate, count.false_rate) == (0.5, 0.5)


def test_without_closures_nothing_is_missed() -> None:
    count = closure_count(curve(OPEN), curve(OPEN))
    assert (count.hit_rate, count.false_rate) == (1.0, 0.0)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 600))
def test_a_curve_keeps_its_own_closures(seed: int, length: int) -> None:
    gap = np.abs(np.cumsum(np.random.default_rng(seed).normal(0, 0.5, length)))
    count = closure_count(gap, gap)
    assert (count.kept, count.false) == (count.reference, 0)
    for first, last in closures(gap):
        assert 0 < first <= last < length - 1
        assert gap[first] < 1 <= gap[first - 1] and gap[last + 1] >= 1.25 > gap[last]  # noqa: PT018
