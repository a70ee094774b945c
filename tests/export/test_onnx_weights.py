"""Codes of weights and ranges: each within half a step of its number, and no worse than its definition says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from export.targets.onnx_weights import CODES_8, channels_8, groups_4, paired_8, range_8

WEIGHTS = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=70), elements=st.floats(-8, 8, width=16)
)


def unpacked(codes: np.ndarray, inputs: int) -> np.ndarray:
    """(N, K) integers from -8 to 7, by the layout that ONNX Runtime documents for MatMulNBits."""
    pairs = np.stack([codes & 15, codes >> 4], -1)
    return pairs.reshape(len(codes), -1)[:, :inputs].astype(int) - 8


@settings(deadline=None, max_examples=60)
@given(WEIGHTS)
def test_channels_are_within_half_a_step(weight):
    held = channels_8(weight)
    restored = held.codes * held.scale[:, None]
    assert held.codes.dtype == np.int8
    assert np.abs(held.codes.astype(int)).max() <= CODES_8
    assert (np.abs(restored - weight) <= held.scale[:, None] * 0.501).all()
    np.testing.assert_array_equal(channels_8(-weight).codes, -held.codes)


@settings(deadline=None, max_examples=200)
@given(WEIGHTS)
def test_products_of_two_neighbours_fit_16_bits(weight):
    """Oracle: the sums that processors without VNNI make, of the inputs that make them largest."""
    held = paired_8(weight)
    codes = np.pad(held.codes.astype(int), ((0, 0), (0, weight.shape[1] % 2))).reshape(len(weight), -1, 2)
    limit = np.iinfo(np.int16)
    for inputs in ((255, 255), (255, 0), (0, 255)):
        sums = codes @ np.array(inputs)
        assert limit.min <= sums.min(initial=0)
        assert sums.max(initial=0) <= limit.max
    assert (np.abs(held.codes * held.scale[:, None] - weight) <= held.scale[:, None] * 0.501).all()
    np.testing.assert_array_equal(paired_8(-weight).codes, -held.codes)


def test_pairs_of_normal_weights_cost_a_third_of_a_step():
    weight = np.random.default_rng(0).standard_normal((64, 256)).astype(np.float32)
    whole, paired = channels_8(weight).scale, paired_8(weight).scale
    assert 1.2 < (paired / whole).mean() < 1.4
    assert (paired >= whole).all()


@settings(deadline=None, max_examples=60)
@given(WEIGHTS, st.sampled_from([16, 32]))
def test_groups_are_unbiased_and_hardly_worse_than_their_plain_scale(weight, group):
    """Oracle: the plain scale, without search. Taking the bias out of an error e of weights w makes e squared
    1 / (1 - e^2 / w^2) times as large."""
    outputs, inputs = weight.shape
    held = groups_4(weight, group)
    blocks = -(-inputs // group)
    assert held.codes.shape == (outputs, blocks, group // 2)
    restored = unpacked(held.codes, inputs) * np.repeat(held.scale, group, 1)[:, :inputs].astype(float)
    for start in range(0, inputs, group):
        part, found = weight[:, start : start + group].astype(float), restored[:, start : start + group]
        power = np.square(part).sum(1)
        np.testing.assert_allclose((part * found).sum(1), power, rtol=1e-5, atol=1e-12)
        peak = np.take_along_axis(part, np.abs(part).argmax(1)[:, None], 1)
        plain = np.where(peak == 0, 1, peak / -8)
        error = np.square((part / plain).round().clip(-8, 7) * plain - part).sum(1)
        bound = error / (1 - np.minimum(error / np.maximum(power, 1e-30), 0.9))
        assert (np.square(found - part).sum(1) <= bound * 1.01 + 1e-9 * power).all()


def test_groups_of_normal_weights_lose_less_than_a_tenth():
    weight = np.random.default_rng(0).standard_normal((64, 256)).astype(np.float32)
    held = groups_4(weight, 32)
    restored = unpacked(held.codes, 256) * np.repeat(held.scale, 32, 1)
    assert np.sqrt(np.square(restored - weight).mean()) < 0.095


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.float32, st.integers(1, 300), elements=st.floats(-1e3, 1e3, width=16)))
def test_a_range_holds_zero_and_is_no_worse_than_the_whole_one(values):
    scale, zero = range_8(values)
    assert scale > 0

    def error(scale, zero):
        codes = np.rint(values / scale + np.float32(zero)).clip(0, 255)
        return np.square(values - (codes - zero) * scale).mean()

    low, high = min(values.min(), 0), max(values.max(), 0)
    if low < high:
        whole = np.float32(high - low) / np.float32(255)
        assert error(scale, zero) <= error(whole, np.rint(-low / whole)) * 1.01 + 1e-9
    else:
        assert error(scale, zero) == 0


@pytest.mark.parametrize("values", [np.zeros(3), np.full(5, 2.0), np.full(5, -2.0)])
def test_constant_recordings_are_kept(values):
    scale, zero = range_8(values.astype(np.float32))
    codes = np.rint(values / scale + zero).clip(0, 255)
    np.testing.assert_allclose((codes - zero) * scale, values, atol=float(scale))
