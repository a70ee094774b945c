"""The state digest is what its definition says, so that another language can compute it from the text alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.bundle.digest import leaf_digest, signs, state_digest


def mix(h: int) -> int:
    """MurmurHash3's fmix32 in unbounded integers, as published in smhasher's MurmurHash3.cpp."""
    h ^= h >> 16
    h = h * 0x85EBCA6B % 2**32
    h ^= h >> 13
    h = h * 0xC2B2AE35 % 2**32
    return h ^ (h >> 16)


def test_mix_of_one() -> None:
    """fmix32(1), a value that other implementations of MurmurHash3 quote: 0x514e28b7."""
    assert mix(1) == 0x514E28B7


def test_signs_are_those_of_the_definition() -> None:
    """Oracle: the definition in plain integers."""
    assert signs(3000).tolist() == [-1.0 if mix(i + 1) >> 31 else 1.0 for i in range(3000)]


def test_first_signs() -> None:
    """For whoever writes it in another language."""
    assert signs(16).astype(int).tolist() == [1, 1, -1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1]


def test_signs_are_balanced() -> None:
    assert abs(signs(100_000).mean()) < 0.01


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=200))
def test_digest_is_that_of_the_definition(values: list[float]) -> None:
    """Oracle: exact sums by math.fsum."""
    rms, projection = leaf_digest(np.array(values, np.float32))
    n = len(values)
    exact_rms = math.sqrt(math.fsum(v * v for v in values) / n)
    assert rms == pytest.approx(exact_rms, rel=1e-12)
    exact = math.fsum((-v if mix(i + 1) >> 31 else v) for i, v in enumerate(values)) / math.sqrt(n)
    assert projection == pytest.approx(exact, abs=1e-12 * (1 + exact_rms * n))


def test_order_is_row_major() -> None:
    leaf = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert leaf_digest(leaf) == leaf_digest(leaf.ravel())
    assert leaf_digest(leaf.transpose(2, 1, 0)) == leaf_digest(np.ascontiguousarray(leaf.transpose(2, 1, 0)))
    assert leaf_digest(leaf.transpose(2, 1, 0)) != leaf_digest(leaf)


@pytest.mark.parametrize("change", [lambda x: np.roll(x, 1), lambda x: -x, lambda x: x[::-1], lambda x: x * 1.01])
def test_a_shift_a_sign_an_order_and_a_scale_are_seen(change) -> None:
    leaf = np.random.default_rng(0).standard_normal(64).astype(np.float32)
    before, after = leaf_digest(leaf), leaf_digest(change(leaf))
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) > 5e-3


def test_not_a_number_is_not_hidden() -> None:
    assert all(map(math.isnan, leaf_digest(np.array([1, np.nan], np.float32))))


def test_state_rows_follow_the_names() -> None:
    state = {"a": np.ones((1, 4), np.float32), "b": np.zeros((2, 2), np.float32)}
    digest = state_digest(state)
    assert digest.dtype == np.float32
    assert digest.shape == (2, 2)
    assert digest[0, 0] == 1
    assert (digest[1] == 0).all()
    assert state_digest({}).shape == (0, 2)
