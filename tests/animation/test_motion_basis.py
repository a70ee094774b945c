"""Shapes made for a clip of vertices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.animation.motion_basis import CHUNK, motion_basis


def moving(frames: int, vertices: int, dimensions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A clip in so many dimensions, some of them far larger than others, and the vertices at rest."""
    random = np.random.default_rng(seed)
    rest = (100 * random.standard_normal((vertices, 3))).astype(np.float32)
    sizes = 10.0 ** -np.linspace(0, 2, max(dimensions, 1))[:dimensions]
    factors = random.standard_normal((frames, dimensions)) * sizes
    shapes = random.standard_normal((dimensions, vertices, 3))
    return (rest + np.tensordot(factors, shapes, 1)).astype(np.float32), rest


def farthest(clip: np.ndarray, rest: np.ndarray, found: np.ndarray) -> float:
    return float(np.linalg.norm(clip.astype(np.float64) - rest - found, axis=-1).max())


@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 6), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_as_many_shapes_as_dimensions_are_exact(frames: int, vertices: int, dimensions: int, seed: int) -> None:
    clip, rest = moving(frames, vertices, dimensions, seed)
    # float32 positions of 100 have steps of 8e-6
    basis = motion_basis(clip, rest, smallest=1e-4)
    assert 1 <= len(basis.shapes) <= max(1, min(frames, 3 * vertices, dimensions))
    assert basis.error < 5e-4
    assert basis.error == pytest.approx(farthest(clip, rest, np.tensordot(basis.weights, basis.shapes, 1)), abs=1e-5)
    assert np.abs(basis.weights).max() <= 1


def test_a_clip_longer_than_a_chunk_with_fewer_shapes_than_dimensions() -> None:
    """The error is what is left: as small as that of numpy's own SVD of the whole clip, within a tenth."""
    clip, rest = moving(3 * CHUNK + 5, 40, 30, 0)
    most = 8
    basis = motion_basis(clip, rest, most=most)
    assert basis.shapes.shape == (most, 40, 3)
    assert basis.error == pytest.approx(farthest(clip, rest, np.tensordot(basis.weights, basis.shapes, 1)), rel=1e-4)
    flat = (clip - rest).reshape(len(clip), -1).astype(np.float64)
    left, strength, right = np.linalg.svd(flat, full_matrices=False)
    best = ((left * strength)[:, :most] @ right[:most]).reshape(clip.shape)
    assert basis.error < 1.1 * farthest(clip, rest, best)


def test_shapes_come_in_the_order_of_their_motion() -> None:
    clip, rest = moving(50, 20, 5, 1)
    basis = motion_basis(clip, rest, smallest=1e-4)
    energy = (basis.weights**2).sum(axis=0) * (basis.shapes**2).sum(axis=(1, 2))
    assert (np.diff(energy) < 0).all()


def test_the_same_clip_gives_the_same_shapes() -> None:
    clip, rest = moving(50, 20, 5, 2)
    assert np.array_equal(motion_basis(clip, rest).shapes, motion_basis(clip, rest).shapes)
