"""Weights and ranges as small integers, in the codes that ONNX Runtime's operators take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CODES_8 = 127
"""Steps on either side of zero. -128 is left out, so that a weight and its opposite have opposite codes."""

SHRINKS = np.linspace(0.7, 1.0, 13, dtype=np.float32)
"""Of the largest value of a group: clipping the one largest a little makes the step finer for all others. Below 0.7 no
group of 32 normally distributed weights gained anything."""

RANGE_SHRINKS = np.linspace(0.3, 1.0, 29, dtype=np.float32)
"""Of the largest activation, whose distribution has a longer tail than weights have."""


@dataclass(frozen=True)
class Codes:
    """Weights as codes: ``weight = scale * (code - zero)``."""

    codes: NDArray[np.integer]
    scale: Floats


def channels_8(weight: Floats) -> Codes:
    """One scale an output channel: (N, K) -> int8 codes (N, K) from -127 to 127, scales (N,); zero is 0."""
    return _codes_8(weight, np.abs(weight).max(1))


def paired_8(weight: Floats) -> Codes:
    """As `channels_8`, for products with unsigned inputs that are exact on every processor.

    x86 processors that have AVX2 and lack VNNI multiply inputs of 0 to 255 with signed codes two by two, inputs 2k and
    2k + 1, and add the two products in 16 bits, where they saturate without a sign of it. The codes of a pair that have
    the same sign add up to 128 here at most, and 255 * 128 fits. Unsigned codes would be exact too, but ONNX Runtime
    unpacks them to 16 bits, so that a processor reads twice as many bytes. Normally distributed weights are rounded 1.3
    times as coarsely as by `channels_8`; codes from -64 to 64, which fit as well, would be twice as coarse.
    """
    # Each of two codes is at most half a step above its weight: a sum of 127 becomes 128 at most.
    return _codes_8(weight, largest_pair(weight))


def largest_pair(weight: Floats) -> Floats:
    """Of each row of (N, K) the largest magnitude of a weight or of the sum of weights 2k and 2k + 1 of one sign."""
    pairs = np.pad(weight, ((0, 0), (0, weight.shape[1] % 2))).reshape(len(weight), -1, 2)
    positive, negative = (np.maximum(side, 0).sum(2).max(1) for side in (pairs, -pairs))
    largest: Floats = np.maximum(positive, negative)
    return largest


def _codes_8(weight: Floats, largest: Floats) -> Codes:
    scale = _positive(largest / np.float32(CODES_8))
    codes = np.rint(weight / scale[:, None]).clip(-CODES_8, CODES_8)
    return Codes(codes.astype(np.int8), scale)


def groups_4(weight: Floats, group: int) -> Codes:
    """One scale for each `group` inputs, B groups, the last filled up with zeros: (N, K) -> uint8 (N, B, group/2), two
    codes a byte, the even input in the low half; scales (N, B); zero is 8.

    Of a group the value of largest magnitude becomes code 0, the one code without an opposite, so its scale may be
    negative. The codes are those of the scale of `SHRINKS` with the least squared error.
    """
    filled = np.pad(weight, ((0, 0), (0, -weight.shape[1] % group)))
    groups = filled.reshape(len(weight), -1, group)
    peak = np.take_along_axis(groups, np.abs(groups).argmax(2)[..., None], 2)[..., 0]
    best = np.full(peak.shape, np.inf, np.float32)
    scale, codes = np.ones_like(peak), np.zeros(groups.shape, np.uint8)
    for shrink in SHRINKS:
        tried = np.where(peak == 0, 1, peak * shrink / -8).astype(np.float32)
        rounded = np.rint(groups / tried[..., None]).clip(-8, 7)
        error = np.square(groups - rounded * tried[..., None]).sum(2)
        better = error < best
        best, scale = np.where(better, error, best), np.where(better, tried, scale)
        codes = np.where(better[..., None], (rounded + 8).astype(np.uint8), codes)
    scale = np.where(peak == 0, 1, _unbiased(groups, codes.astype(np.float32) - 8))
    return Codes(codes[..., 0::2] | codes[..., 1::2] << 4, scale.astype(np.float32))


def _unbiased(weights: Floats, steps: Floats) -> Floats:
    """Scales with which `steps`, last axis, are on average as large along `weights` as `weights` themselves.

    The scale of least squared error makes them smaller by the share of the error, 0.8 % a layer at 4 bits; layers that
    follow one another multiply that.
    """
    scale: Floats = np.square(weights).sum(-1) / np.where(weights.any(-1), (weights * steps).sum(-1), 1)
    return scale


def range_8(values: Floats) -> tuple[np.float32, np.uint8]:
    """Scale and zero point of uint8 codes for recorded values of any shape, at least one.

    Of all ranges of `RANGE_SHRINKS` the one with the least squared error; it always holds 0, so that zero stays zero.
    """
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return np.float32(1), np.uint8(0)
    best, chosen = np.inf, (np.float32(1), np.uint8(0))
    for shrink in RANGE_SHRINKS:
        scale = np.float32((high - low) * shrink / 255)
        zero = np.rint(-low * shrink / scale).clip(0, 255).astype(np.uint8)
        codes = np.rint(values / scale + zero).clip(0, 255)
        error = float(np.square(values - (codes - zero) * scale).mean())
        if error < best:
            best, chosen = error, (scale, zero)
    return chosen


def _positive(scale: Floats) -> Floats:
    """1 in the place of 0, for channels whose weights are all zero."""
    return np.where(scale == 0, 1, scale).astype(np.float32)
