"""Reductions and orders against coremltools' own values, or numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.bindings.mil_call import Array, Call
from tests.bindings.mil_properties.table import Property, axis_of, floats, integers, maybe, shapes


@st.composite
def reduced(draw: DrawFn, low: float = -4, high: float = 4) -> Call:
    shape = draw(shapes(2, 4))
    axes = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=len(shape) - 1, unique=True))
    return Call({"x": draw(floats(shape, low, high))}, {"axes": axes, **maybe(draw, keep_dims=st.booleans())})


@st.composite
def distinct(draw: DrawFn, **settings: Any) -> Call:
    """No two values alike: which of them counts is not defined."""
    shape = draw(shapes(2, 3))
    order = draw(st.permutations(range(int(np.prod(shape)))))
    x = (np.array(order) / 4 - 2).astype(np.float32).reshape(shape)
    return Call({"x": x}, {"axis": draw(axis_of(shape)), **maybe(draw, **settings)})


def arg_by_numpy(function: Any) -> Any:
    def oracle(x: Array, axis: int, keep_dims: bool = False) -> Array:
        result: Array = function(x, axis, keepdims=keep_dims)
        return result

    return oracle


def sorted_by_numpy(x: Array, axis: int, ascending: bool = False) -> Array:
    return np.argsort(x if ascending else -x, axis)


@st.composite
def tops(draw: DrawFn) -> Call:
    call = draw(distinct(ascending=st.booleans()))
    side = call.tensors["x"].shape[call.settings["axis"]]  # type: ignore[union-attr]
    return Call(call.tensors, {**call.settings, "k": draw(st.integers(1, side))})


def top_by_numpy(x: Array, k: int, axis: int, ascending: bool = False) -> tuple[Array, Array]:
    places = np.take(np.argsort(x if ascending else -x, axis), range(k), axis)
    return np.take_along_axis(x, places, axis), places


@st.composite
def sums(draw: DrawFn) -> Call:
    shape = draw(shapes(2, 3))
    return Call(
        {"x": draw(integers(shape, -9, 9))}, {"axes": [draw(st.integers(0, len(shape) - 1))], "keep_dims": True}
    )


NORMS = ["reduce_l1_norm", "reduce_l2_norm", "reduce_max", "reduce_mean", "reduce_min", "reduce_sum_square"]

PROPERTIES = {
    **{name: Property(reduced()) for name in NORMS},
    "reduce_log_sum": Property(reduced(0.125, 4)),
    "reduce_log_sum_exp": Property(reduced()),
    "reduce_prod": Property(reduced(-1.5, 1.5), steps=16),
    "reduce_sum": Property(st.one_of(reduced(), sums()), steps=16),
    "reduce_argmax": Property(distinct(keep_dims=st.booleans()), arg_by_numpy(np.argmax)),
    "reduce_argmin": Property(distinct(keep_dims=st.booleans()), arg_by_numpy(np.argmin)),
    "argsort": Property(distinct(ascending=st.booleans()), sorted_by_numpy),
    "topk": Property(tops(), top_by_numpy),
}
