"""Convolutions and pooling against numpy: sums and maxima over windows."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.bindings.mil_call import Array, Call
from tests.bindings.mil_properties.table import Property, floats, maybe, sides


@st.composite
def convolutions(draw: DrawFn) -> Call:
    spatial = draw(st.integers(1, 2))
    groups = draw(st.integers(1, 2))
    inputs, outputs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel = draw(sides(spatial, 3))
    settings: dict[str, Any] = {
        "weight": draw(floats([outputs, inputs // groups, *kernel], -1, 1)),
        "groups": groups,
        "strides": draw(sides(spatial, 2)),
        "pad_type": draw(st.sampled_from(["valid", "custom", "same", "same_lower"])),
        "dilations": draw(sides(spatial, 2)),
        **maybe(draw, bias=floats([outputs])),
    }
    if settings["pad_type"] == "custom":
        settings["pad"] = draw(st.lists(st.integers(0, 2), min_size=2 * spatial, max_size=2 * spatial))
    return Call(
        {"x": draw(floats([draw(st.integers(1, 2)), inputs, *[draw(st.integers(5, 7)) for _ in kernel]]))}, settings
    )


def amounts(size: int, width: int, stride: int, pad_type: str, custom: list[int]) -> tuple[int, int]:
    """Padding by its definition in TensorFlow, which names these types."""
    if pad_type in ("valid", "custom"):
        return (0, 0) if pad_type == "valid" else (custom[0], custom[1])
    total = max(width - stride, 0) if size % stride == 0 else max(width - size % stride, 0)
    small, large = total // 2, total - total // 2
    return (small, large) if pad_type == "same" else (large, small)


def windows(
    x: Array,
    *,
    kernel: list[int],
    strides: list[int],
    dilations: list[int],
    pad_type: str,
    pad: list[int],
    value: float = 0,
) -> Array:
    """(batch, channels, *places, *kernel): what each place sees."""
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    around = [
        amounts(size, span, stride, pad_type, pad[2 * i : 2 * i + 2])
        for i, (size, span, stride) in enumerate(zip(x.shape[2:], spans, strides, strict=True))
    ]
    padded = np.pad(x, [(0, 0), (0, 0), *around], constant_values=value)
    seen = np.lib.stride_tricks.sliding_window_view(padded, spans, tuple(range(2, x.ndim)))
    steps = tuple(slice(None, None, s) for s in strides) + tuple(slice(None, None, d) for d in dilations)
    return seen[(slice(None), slice(None), *steps)]


def conv_by_numpy(
    x: Array,
    *,
    weight: Array,
    groups: int,
    strides: list[int],
    pad_type: str,
    dilations: list[int],
    pad: list[int] | None = None,
    bias: Array | None = None,
) -> Array:
    seen = windows(
        x, kernel=list(weight.shape[2:]), strides=strides, dilations=dilations, pad_type=pad_type, pad=pad or []
    )
    spatial = x.ndim - 2
    parts = [
        np.tensordot(a, w, ([1, *range(2 + spatial, 2 + 2 * spatial)], range(1, 2 + spatial)))
        for a, w in zip(np.split(seen, groups, 1), np.split(weight, groups, 0), strict=True)
    ]
    result = np.moveaxis(np.concatenate(parts, -1), -1, 1)
    return result if bias is None else result + bias.reshape(-1, *[1] * spatial)


@st.composite
def transposed_convolutions(draw: DrawFn) -> Call:
    inputs, outputs, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    width, stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    pad = draw(st.lists(st.integers(0, 1), min_size=2, max_size=2))
    settings = {
        "weight": draw(floats([inputs * groups, outputs, width], -1, 1)),
        "pad_type": "custom",
        "pad": pad,
        "strides": [stride],
        "dilations": [dilation],
        "groups": groups,
        **maybe(draw, bias=floats([outputs * groups])),
    }
    return Call({"x": draw(floats([1, inputs * groups, draw(st.integers(4, 6))]))}, settings)


def transposed_by_numpy(
    x: Array,
    *,
    weight: Array,
    pad: list[int],
    strides: list[int],
    dilations: list[int],
    groups: int,
    pad_type: str,
    bias: Array | None = None,
) -> Array:
    each, width = x.shape[1] // groups, weight.shape[2]
    whole = np.zeros((1, weight.shape[1] * groups, (x.shape[2] - 1) * strides[0] + (width - 1) * dilations[0] + 1))
    for group in range(groups):
        for channel in range(group * each, (group + 1) * each):
            for place in range(x.shape[2]):
                for tap in range(width):
                    rows = slice(group * weight.shape[1], (group + 1) * weight.shape[1])
                    whole[0, rows, place * strides[0] + tap * dilations[0]] += (
                        x[0, channel, place] * weight[channel, :, tap]
                    )
    kept = whole[:, :, pad[0] : whole.shape[2] - pad[1]]
    return kept if bias is None else kept + bias[:, None]


@st.composite
def pools(draw: DrawFn, mean: bool) -> Call:
    spatial = draw(st.integers(1, 2))
    kernel = [draw(st.integers(2, 3)) for _ in range(spatial)]
    settings: dict[str, Any] = {
        "kernel_sizes": kernel,
        "strides": draw(sides(spatial, 2)),
        "pad_type": draw(st.sampled_from(["valid", "custom", "same"])),
    }
    if settings["pad_type"] == "custom":
        settings["pad"] = draw(st.lists(st.integers(0, 1), min_size=2 * spatial, max_size=2 * spatial))
    if mean:
        settings["exclude_padding_from_average"] = draw(st.booleans())
    return Call({"x": draw(floats([1, 2, *[draw(st.integers(4, 6)) for _ in kernel]]))}, settings)


def pooled(
    x: Array, *, kernel_sizes: list[int], strides: list[int], pad_type: str, pad: list[int] | None, value: float
) -> Array:
    return windows(
        x,
        kernel=kernel_sizes,
        strides=strides,
        dilations=[1] * len(strides),
        pad_type=pad_type,
        pad=pad or [],
        value=value,
    )


def mean_by_numpy(
    x: Array,
    *,
    kernel_sizes: list[int],
    strides: list[int],
    pad_type: str,
    exclude_padding_from_average: bool,
    pad: list[int] | None = None,
) -> Array:
    seen = pooled(x, kernel_sizes=kernel_sizes, strides=strides, pad_type=pad_type, pad=pad, value=np.nan)
    axes = tuple(range(x.ndim, seen.ndim))
    return np.nanmean(seen, axes) if exclude_padding_from_average else np.nansum(seen, axes) / np.prod(kernel_sizes)


def max_by_numpy(
    x: Array, kernel_sizes: list[int], strides: list[int], pad_type: str, pad: list[int] | None = None
) -> Array:
    seen = pooled(x, kernel_sizes=kernel_sizes, strides=strides, pad_type=pad_type, pad=pad, value=-np.inf)
    return seen.max(tuple(range(x.ndim, seen.ndim)))


PROPERTIES = {
    "conv": Property(convolutions(), conv_by_numpy),
    "conv_transpose": Property(transposed_convolutions(), transposed_by_numpy),
    "avg_pool": Property(pools(mean=True), mean_by_numpy),
    "max_pool": Property(pools(mean=False), max_by_numpy),
}
