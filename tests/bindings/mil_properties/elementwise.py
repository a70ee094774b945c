"""Elementwise operations, comparisons and activations against coremltools' own values, or numpy and torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.bindings.mil_call import Array, Call
from tests.bindings.mil_properties.table import Property, booleans, floats, integers, maybe, shapes, sides

SETTINGS = st.floats(0.125, 3, width=16)


@st.composite
def unary(draw: DrawFn, low: float = -4, high: float = 4, **settings: Any) -> Call:
    return Call({"x": draw(floats(draw(shapes()), low, high))}, maybe(draw, **settings))


@st.composite
def activation(draw: DrawFn, *names: str) -> Call:
    """With all settings given: the format has no defaults for these."""
    return Call({"x": draw(floats(draw(shapes())))}, {name: draw(SETTINGS) for name in names})


def partner(draw: DrawFn, shape: list[int]) -> list[int]:
    """A shape that broadcasts with `shape`."""
    return [draw(st.sampled_from([1, side])) for side in shape]


@st.composite
def binary(draw: DrawFn, low: float = -4, high: float = 4, divisor: bool = False) -> Call:
    shape = draw(shapes())
    x = draw(floats(shape, low, high))
    y = draw(floats(partner(draw, shape), low, high))
    return Call({"x": x, "y": np.where(np.abs(y) < 0.25, np.float32(0.75), y) if divisor else y})


@st.composite
def whole(draw: DrawFn, divisor: bool = False) -> Call:
    shape = draw(shapes())
    low = 1 if divisor else -9
    return Call({"x": draw(integers(shape, -9, 9)), "y": draw(integers(partner(draw, shape), low, 9))})


@st.composite
def logical(draw: DrawFn, *names: str) -> Call:
    shape = draw(shapes())
    return Call({name: draw(booleans(shape)) for name in names})


@st.composite
def channels(draw: DrawFn, *names: str) -> Call:
    shape = draw(sides(4))
    return Call({"x": draw(floats(shape))}, {name: draw(floats([shape[1]], 0.125, 2)) for name in names})


@st.composite
def casts(draw: DrawFn) -> Call:
    shape = draw(shapes())
    x = draw(st.one_of(floats(shape, 0, 100), integers(shape, 0, 100), booleans(shape)))
    return Call({"x": x}, {"dtype": draw(st.sampled_from(["fp32", "int32", "bool", "fp16", "uint8"]))})


def cast_by_numpy(x: Array, dtype: str) -> Array:
    numpy_name = {"fp32": "float32", "fp16": "float16"}.get(dtype, dtype)
    return x.astype(numpy_name)


@st.composite
def cumulated(draw: DrawFn) -> Call:
    shape = draw(shapes())
    settings = maybe(draw, exclusive=st.booleans(), reverse=st.booleans())
    return Call({"x": draw(floats(shape))}, {"axis": draw(st.integers(0, len(shape) - 1)), **settings})


def cumulated_by_numpy(x: Array, axis: int, exclusive: bool = False, reverse: bool = False) -> Array:
    x = np.flip(x, axis) if reverse else x
    total = np.cumsum(x, axis, dtype=np.float64) - (x if exclusive else 0)
    return np.flip(total, axis) if reverse else total


@st.composite
def clipped(draw: DrawFn) -> Call:
    low = draw(st.floats(-3, 1, width=16))
    return Call({"x": draw(floats(draw(shapes())))}, {"alpha": low, "beta": low + draw(st.floats(0.25, 3, width=16))})


@st.composite
def selections(draw: DrawFn) -> Call:
    shape = draw(sides(3))
    return Call({"cond": draw(booleans(shape)), "a": draw(floats(shape)), "b": draw(floats(shape))})


ANYWHERE = ["abs", "atan", "ceil", "cos", "erf", "exp", "exp2", "floor", "round", "sign", "sin", "square", "tanh"]
ANYWHERE += ["cosh", "sinh", "relu", "relu6", "sigmoid", "softplus", "softsign"]
COMPARISONS = ["equal", "not_equal", "greater", "greater_equal", "less", "less_equal"]
NUMBERS = st.floats(2**-10, 0.5, width=16)

PROPERTIES = {
    **{name: Property(unary()) for name in ANYWHERE},
    **{name: Property(unary(-1, 1)) for name in ("acos", "asin")},
    "atanh": Property(unary(-0.9, 0.9)),
    "cast": Property(casts(), cast_by_numpy),
    "clamped_relu": Property(activation("alpha", "beta")),
    "clip": Property(clipped()),
    "cumsum": Property(cumulated(), cumulated_by_numpy),
    "elu": Property(activation("alpha")),
    "gelu": Property(unary(mode=st.sampled_from(["EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"])), steps=8),
    "inverse": Property(unary(0.125, 4, epsilon=NUMBERS)),
    "leaky_relu": Property(activation("alpha")),
    "linear_activation": Property(activation("alpha", "beta")),
    "log": Property(unary(0.125, 4, epsilon=NUMBERS)),
    "logical_not": Property(logical("x")),
    **{f"logical_{name}": Property(logical("x", "y")) for name in ("and", "or", "xor")},
    "prelu": Property(channels("alpha")),
    "rsqrt": Property(unary(0.125, 4, epsilon=NUMBERS)),
    "scaled_tanh": Property(activation("alpha", "beta")),
    "select": Property(selections()),
    "sigmoid_hard": Property(activation("alpha", "beta")),
    "silu": Property(unary(), lambda x: F.silu(torch.from_numpy(x).double()).numpy()),
    "softplus_parametric": Property(channels("alpha", "beta")),
    "sqrt": Property(unary(0, 4)),
    "tan": Property(unary(-1.5, 1.5)),
    "threshold": Property(activation("alpha")),
    "thresholded_relu": Property(activation("alpha")),
    **{name: Property(st.one_of(binary(), whole())) for name in ("add", "sub", "mul", "maximum", "minimum")},
    **{name: Property(st.one_of(binary(), whole())) for name in COMPARISONS},
    **{name: Property(st.one_of(binary(divisor=True), whole(divisor=True))) for name in ("floor_div", "mod")},
    "real_div": Property(binary(divisor=True)),
    "pow": Property(binary(0.25, 3)),
}
