"""Layers against numpy, or torch in another form: convolutions as sums over windows, attention as its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import nn

from tests.bindings.mil_call import Array, Call
from tests.bindings.mil_properties.table import Property, axis_of, floats, maybe, shapes, sides


@st.composite
def products(draw: DrawFn) -> Call:
    inner, outer = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    weights = {"weight": draw(floats([outer, inner], -1, 1)), **maybe(draw, bias=floats([outer]))}
    return Call({"x": draw(floats([*draw(shapes(1, 2)), inner]))}, weights)


def linear_by_numpy(x: Array, weight: Array, bias: Array | float = 0.0) -> Array:
    return np.einsum("...i,oi->...o", x, weight) + bias


@st.composite
def matrices(draw: DrawFn) -> Call:
    rows, inner, columns, batch = draw(sides(4))
    flips = maybe(draw, transpose_x=st.booleans(), transpose_y=st.booleans())
    x = [batch, inner, rows] if flips.get("transpose_x") else [batch, rows, inner]
    other = draw(st.sampled_from([1, batch]))
    y = [other, columns, inner] if flips.get("transpose_y") else [other, inner, columns]
    return Call({"x": draw(floats(x)), "y": draw(floats(y, -1, 1))}, flips)


def matmul_by_numpy(x: Array, y: Array, transpose_x: bool = False, transpose_y: bool = False) -> Array:
    left = np.swapaxes(x, -1, -2) if transpose_x else x
    right = np.swapaxes(y, -1, -2) if transpose_y else y
    return np.asarray([a @ b for a, b in zip(left, np.broadcast_to(right, (len(x), *right.shape[1:])), strict=True)])


@st.composite
def einsums(draw: DrawFn) -> Call:
    # The one form of rank 4 that Core ML's compiler accepts besides its own transposes of it.
    a, b, c, d, e = draw(sides(5, 3))
    return Call(
        {"values": [draw(floats([a, b, c, d])), draw(floats([a, d, c, e], -1, 1))]}, {"equation": "nchw,nwhu->nchu"}
    )


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


EPSILONS = st.sampled_from([2**-12, 2**-7, 2**-4])


@st.composite
def layer_norms(draw: DrawFn) -> Call:
    shape = draw(sides(3))
    shape[-1] = draw(st.integers(3, 8))
    axes = draw(st.sampled_from([[-1], [1, 2], [2]]))
    form = [shape[a] for a in axes]
    settings = {"gamma": draw(floats(form)), "beta": draw(floats(form))} if draw(st.booleans()) else {}
    return Call({"x": draw(floats(shape))}, {"axes": axes, **settings, **maybe(draw, epsilon=EPSILONS)})


def layer_norm_by_numpy(
    x: Array, axes: list[int], gamma: Array | float = 1.0, beta: Array | float = 0.0, epsilon: float = 1e-5
) -> Array:
    wide = x.astype(np.float64)
    centred = wide - wide.mean(tuple(axes), keepdims=True)
    return centred / np.sqrt((centred**2).mean(tuple(axes), keepdims=True) + epsilon) * gamma + beta


@st.composite
def instance_norms(draw: DrawFn) -> Call:
    batch, channels = draw(sides(2))
    spatial = [draw(st.integers(3, 6)) for _ in range(draw(st.integers(1, 2)))]
    settings = {"gamma": draw(floats([channels])), "beta": draw(floats([channels]))} if draw(st.booleans()) else {}
    return Call({"x": draw(floats([batch, channels, *spatial]))}, {**settings, **maybe(draw, epsilon=EPSILONS)})


def instance_norm_by_numpy(
    x: Array, gamma: Array | None = None, beta: Array | None = None, epsilon: float = 1e-5
) -> Array:
    sides_of = [-1] + [1] * (x.ndim - 2)
    scaled = layer_norm_by_numpy(x, list(range(2, x.ndim)), epsilon=epsilon)
    return scaled if gamma is None or beta is None else scaled * gamma.reshape(sides_of) + beta.reshape(sides_of)


@st.composite
def batch_norms(draw: DrawFn) -> Call:
    shape = draw(shapes(3, 4))
    form = [shape[1]]
    settings = {"mean": draw(floats(form)), "variance": draw(floats(form, 0.25, 4)), **maybe(draw, epsilon=EPSILONS)}
    if draw(st.booleans()):
        settings |= {"gamma": draw(floats(form)), "beta": draw(floats(form))}
    return Call({"x": draw(floats(shape))}, settings)


def batch_norm_by_numpy(
    x: Array,
    *,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: float = 1e-5,
) -> Array:
    channels = [-1] + [1] * (x.ndim - 2)
    scaled = (x - mean.reshape(channels)) / np.sqrt(variance.astype(np.float64).reshape(channels) + epsilon)
    return scaled if gamma is None or beta is None else scaled * gamma.reshape(channels) + beta.reshape(channels)


@st.composite
def unit_lengths(draw: DrawFn) -> Call:
    return Call({"x": draw(floats(draw(shapes(3, 4))))}, maybe(draw, epsilon=EPSILONS))


@st.composite
def softmaxes(draw: DrawFn) -> Call:
    shape = draw(shapes())
    return Call({"x": draw(floats(shape))}, {"axis": draw(axis_of(shape))})


@st.composite
def attentions(draw: DrawFn) -> Call:
    heads, queries, keys, width = draw(sides(4))
    shape = [1, heads]
    tensors = {"query": draw(floats([*shape, queries, width])), "key": draw(floats([*shape, keys, width]))}
    tensors["value"] = draw(floats([*shape, keys, width]))
    if draw(st.booleans()):
        tensors["attn_mask"] = draw(floats([1, 1, queries, keys]))
    return Call(tensors)


def attention_by_numpy(query: Array, key: Array, value: Array, attn_mask: Array | float = 0.0) -> Array:
    scores = query.astype(np.float64) @ np.swapaxes(key, -1, -2) / np.sqrt(query.shape[-1]) + attn_mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ value


@st.composite
def memories(draw: DrawFn) -> Call:
    steps, batch, inputs, hidden = draw(sides(4, 3))
    direction = draw(st.sampled_from(["forward", "reverse", "bidirectional"]))
    both = 2 if direction == "bidirectional" else 1
    names = ["weight_ih", "weight_hh", "bias"]
    forms = [[4 * hidden, inputs], [4 * hidden, hidden], [4 * hidden]]
    settings: dict[str, Any] = {name: draw(floats(form, -1, 1)) for name, form in zip(names, forms, strict=True)}
    if both == 2:
        settings |= {f"{n}_back": draw(floats(form, -1, 1)) for n, form in zip(names, forms, strict=True)}
    state = [batch, both * hidden]
    return Call(
        {
            "x": draw(floats([steps, batch, inputs])),
            "initial_h": draw(floats(state, -1, 1)),
            "initial_c": draw(floats(state, -1, 1)),
        },
        {**settings, "direction": direction, "output_sequence": draw(st.booleans())},
    )


def lstm_by_torch(
    x: Array, initial_h: Array, initial_c: Array, direction: str, output_sequence: bool, **weights: Array
) -> tuple[Array, ...]:
    """torch.nn.LSTM, whose gates come in the order i, f, z, o."""
    hidden, both = weights["weight_hh"].shape[1], direction == "bidirectional"
    layer = nn.LSTM(x.shape[2], hidden, bidirectional=both)
    order = np.concatenate(
        [np.arange(2 * hidden), np.arange(3 * hidden, 4 * hidden), np.arange(2 * hidden, 3 * hidden)]
    )
    state = dict.fromkeys(layer.state_dict())
    for end, suffix in (("", ""), ("_reverse", "_back"))[: 1 + both]:
        state[f"weight_ih_l0{end}"] = torch.from_numpy(weights[f"weight_ih{suffix}"][order])
        state[f"weight_hh_l0{end}"] = torch.from_numpy(weights[f"weight_hh{suffix}"][order])
        state[f"bias_ih_l0{end}"] = torch.from_numpy(weights[f"bias{suffix}"][order])
        state[f"bias_hh_l0{end}"] = torch.zeros(4 * hidden)
    layer.load_state_dict(state)

    def parts(value: Array) -> torch.Tensor:
        return torch.from_numpy(np.stack(np.split(value, 1 + both, 1)))

    with torch.no_grad():
        inputs = torch.from_numpy(x if direction != "reverse" else x[::-1].copy())
        sequence, (h, c) = layer(inputs, (parts(initial_h), parts(initial_c)))
    last = [np.concatenate(list(value.numpy()), 1) for value in (h, c)]
    whole = sequence.numpy() if direction != "reverse" else sequence.numpy()[::-1]
    return (whole if output_sequence else last[0][None], *last)


@st.composite
def images(draw: DrawFn, nearest: bool) -> Call:
    factors: dict[str, Any] = {
        "scale_factor_height": draw(st.integers(1, 3)),
        "scale_factor_width": draw(st.integers(1, 3)),
    }
    if not nearest:
        factors["align_corners"] = draw(st.booleans())
    return Call({"x": draw(floats(draw(sides(4, 3))))}, factors)


def nearest_by_numpy(x: Array, scale_factor_height: int, scale_factor_width: int) -> Array:
    return np.kron(x, np.ones((1, 1, scale_factor_height, scale_factor_width), np.float32))


def bilinear_by_numpy(x: Array, scale_factor_height: int, scale_factor_width: int, align_corners: bool) -> Array:
    """The documentation's grid, axis by axis."""
    for axis, factor in ((2, scale_factor_height), (3, scale_factor_width)):
        size = x.shape[axis]
        count = size * factor
        spacing = (size - 1) / max(count - 1, 1) if align_corners else size / count
        places = np.arange(count) * spacing + (0 if align_corners else 0.5 * spacing - 0.5)
        places = np.clip(places, 0, size - 1)
        left = np.floor(places).astype(int)
        share = (places - left).reshape([-1 if a == axis else 1 for a in range(4)])
        x = x.take(left, axis) * (1 - share) + x.take(np.minimum(left + 1, size - 1), axis) * share
    return x


PROPERTIES = {
    "linear": Property(products(), linear_by_numpy),
    "matmul": Property(matrices(), matmul_by_numpy),
    "einsum": Property(einsums(), lambda values, equation: np.einsum(equation, *values)),
    "conv": Property(convolutions(), conv_by_numpy),
    "conv_transpose": Property(transposed_convolutions(), transposed_by_numpy),
    "avg_pool": Property(pools(mean=True), mean_by_numpy),
    "max_pool": Property(pools(mean=False), max_by_numpy),
    "layer_norm": Property(layer_norms(), layer_norm_by_numpy, steps=64),
    "instance_norm": Property(instance_norms(), instance_norm_by_numpy, steps=64),
    "batch_norm": Property(batch_norms(), batch_norm_by_numpy),
    "l2_norm": Property(unit_lengths()),
    "softmax": Property(softmaxes(), lambda x, axis: F.softmax(torch.from_numpy(x).double(), axis).numpy()),
    "scaled_dot_product_attention": Property(attentions(), attention_by_numpy),
    "lstm": Property(memories(), lstm_by_torch, steps=16),
    "upsample_nearest_neighbor": Property(images(nearest=True), nearest_by_numpy),
    "upsample_bilinear": Property(images(nearest=False), bilinear_by_numpy),
}
