"""Layers against numpy, or torch in another form."""

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
