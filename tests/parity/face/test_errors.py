"""Distances of vertices, by hand and by their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.parity.face import Face, lip_error_rms
from sdk.parity.face.errors import frame_errors
from sdk.parity.face.region import BLOCK, Blended, Picked

# Two frames of three vertices; the first two are the lips. Errors (3, 4, 0) and nothing, then (0, 0, 1) and (0, 2, 0).
REFERENCE = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
CANDIDATE = REFERENCE + np.array([[[3, 4, 0], [0, 0, 0], [100, 0, 0]], [[0, 0, 1], [0, 2, 0], [0, 100, 0]]], np.float32)
LIPS = Picked(np.array([0, 1]), 1.0)


def test_the_three_errors_of_a_case_by_hand() -> None:
    found = frame_errors(REFERENCE, CANDIDATE, LIPS)
    assert found.largest.tolist() == [25, 4]
    assert found.vertex_error == pytest.approx((5 + 2) / 2)
    assert found.squared_vertex_error == pytest.approx((25 + 4) / 2)
    assert found.rms == pytest.approx(np.sqrt((25 + 0 + 1 + 4) / 4))


def test_metres_become_millimetres() -> None:
    found = frame_errors(REFERENCE / 1000, CANDIDATE / 1000, Picked(np.array([0, 1]), 1000.0))
    assert found.vertex_error == pytest.approx(3.5, rel=1e-4)


def test_weights_become_millimetres_by_their_basis() -> None:
    """The first weight moves vertex 0 by 3 mm and vertex 1 by 1 mm, the second vertex 1 by 2 mm across."""
    basis = np.zeros((2, 2, 3))
    basis[0, 0, 1], basis[0, 1, 0], basis[1, 1, 2] = 3, 1, 2
    found = frame_errors([[0.5, 0.0]], [[1.5, 1.0]], Blended(basis))
    assert found.largest.tolist() == pytest.approx([9])
    assert found.mean.tolist() == pytest.approx([(9 + 1 + 4) / 2])


def test_the_budget_s_figure_is_the_rms_of_the_lips() -> None:
    face = Face.of((), "mm", (3, 3), {"lips": [1, 0.6, 0.2]})
    assert isinstance(face, Face)
    assert lip_error_rms(REFERENCE, CANDIDATE, face) == pytest.approx(np.sqrt(30 / 4))


def test_a_long_stream_of_many_vertices_is_measured_in_blocks() -> None:
    many = BLOCK // 30
    reference = np.zeros((25, many * 3), np.float32)
    candidate = reference.copy()
    candidate[:, 0] = np.arange(25)
    found = frame_errors(reference, candidate, Picked(np.arange(many), 1.0))
    assert found.largest.tolist() == [t * t for t in range(25)]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-50, 50))
def test_errors_scale_with_the_face_and_do_not_see_where_it_is(
    frames: int, vertices: int, seed: int, scale: float, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    reference, candidate = rng.normal(size=(2, frames, vertices, 3))
    region = Picked(np.arange(vertices), 1.0)
    ours = frame_errors(reference, candidate, region)
    moved = frame_errors(reference * scale + shift, candidate * scale + shift, region)
    assert moved.vertex_error == pytest.approx(scale * ours.vertex_error, rel=1e-6)
    assert moved.squared_vertex_error == pytest.approx(scale**2 * ours.squared_vertex_error, rel=1e-6)
    # The worst vertex is no better than the mean, and the mean of squares no less than the square of the mean.
    assert ours.rms <= np.sqrt(ours.squared_vertex_error) + 1e-12
    assert ours.vertex_error**2 <= ours.squared_vertex_error + 1e-12
    assert frame_errors(candidate, reference, region).rms == pytest.approx(ours.rms)
