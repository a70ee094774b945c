"""Deviation of dynamics, size and gain of motion, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.parity.face.dynamics import dynamics_deviation, motion_gain, motion_size
from sdk.parity.face.region import Picked

REST = np.array([[10.0, 0, 0], [0, 10.0, 0]])
REGION = Picked(np.array([0, 1]), 1.0, REST)


def stream(*distances: tuple[float, float]) -> np.ndarray:
    """Frames in which the two vertices are so far from rest."""
    return np.array([REST + np.array([[0, 0, a], [b, 0, 0]]) for a, b in distances])


def test_the_deviation_is_of_squared_distances_from_rest() -> None:
    """By hand: vertex 0 goes 1, 3 (squares 1, 9: deviation 4), vertex 1 rests; the candidate's 1, 2 (1, 4: 1.5)."""
    reference, candidate = stream((1, 0), (3, 0)), stream((1, 0), (2, 0))
    assert dynamics_deviation(reference, candidate, REGION) == pytest.approx((4 - 1.5) / 2)
    assert dynamics_deviation(candidate, reference, REGION) == pytest.approx(-(4 - 1.5) / 2)


def test_a_constant_offset_counts_through_the_square_alone() -> None:
    reference, candidate = stream((1, 0), (3, 0)), stream((1, 5), (3, 5))
    assert dynamics_deviation(reference, candidate, REGION) == pytest.approx(0)


def test_without_a_rest_there_is_no_deviation() -> None:
    assert dynamics_deviation(stream((1, 0)), stream((2, 0)), Picked(np.array([0]), 1.0)) is None


def test_motion_is_about_a_pose() -> None:
    assert motion_size(stream((3, 4), (0, 0)), REST, REGION).tolist() == pytest.approx([np.sqrt(12.5), 0])


def test_gain_by_hand() -> None:
    """About their means the reference goes -1, 1 and the candidate -1.5, 1.5."""
    assert motion_gain(stream((1, 0), (3, 0)), stream((1, 2), (4, 2)), REGION) == pytest.approx(1.5)


def test_a_still_reference_has_no_gain() -> None:
    assert np.isnan(motion_gain(stream((1, 0), (1, 0)), stream((1, 0), (3, 0)), REGION))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.floats(-10, 10))
def test_noise_leaves_the_gain_and_a_scale_sets_it(seed: int, scale: float, offset: float) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=(400, 2, 3))
    assert motion_gain(reference, scale * reference + offset, REGION) == pytest.approx(scale, abs=1e-9)
    noisy = reference + 0.01 * rng.normal(size=reference.shape)
    assert motion_gain(reference, noisy, REGION) == pytest.approx(1, abs=2e-3)
