"""Compressed constants and quantised activations against coremltools' own values."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.bindings.mil_call import Array, Call
from tests.bindings.mil_properties.table import Property, floats, integers, maybe, shapes


def sub_byte(array: Array, kind: str) -> Array:
    """`array` in a type that numpy does not have, as coremltools marks it."""
    from coremltools.converters.mil.mil import types

    return array.astype(types.nptype_from_builtin(types.string_to_builtin(kind)))


def blocks(draw: DrawFn, largest: int = 3) -> tuple[list[int], list[int]]:
    """A shape, and how many blocks each of its axes has."""
    counts = draw(shapes(1, 3, 3))
    return [count * draw(st.integers(1, largest)) for count in counts], counts


KINDS = st.sampled_from([("int8", -128, 127), ("uint8", 0, 255), ("int4", -8, 7), ("uint4", 0, 15)])


@st.composite
def scaled(draw: DrawFn) -> Call:
    shape, counts = blocks(draw)
    kind, low, high = draw(KINDS)
    settings = {"data": sub_byte(draw(integers(shape, low, high)), kind), "scale": draw(floats(counts, 0.125, 2))}
    if draw(st.booleans()):
        settings["offset"] = sub_byte(draw(integers(counts, low, high)), kind)
    return Call({}, settings)


@st.composite
def palettes(draw: DrawFn) -> Call:
    shape, counts = blocks(draw)
    bits = draw(st.sampled_from([1, 2, 3, 4, 6, 8]))
    vector = draw(st.integers(1, 3))
    settings: dict[str, Any] = {
        "indices": sub_byte(draw(integers(shape, 0, 2**bits - 1)), f"uint{bits}"),
        "lut": draw(floats([*counts, 2**bits, vector])),
    }
    if vector > 1:
        settings["vector_axis"] = np.int32(draw(st.integers(0, len(shape) - 1)))
    return Call({}, settings)


@st.composite
def sparse(draw: DrawFn) -> Call:
    mask = draw(integers(draw(shapes(1, 3)), 0, 1))
    mask.flat[0] = 1
    return Call({}, {"mask": sub_byte(mask, "uint1"), "nonzero_data": draw(floats([int(mask.sum())]))})


@st.composite
def sparse_palettes(draw: DrawFn) -> Call:
    palette = draw(palettes()).settings
    mask = draw(integers(palette["indices"].shape, 0, 1))
    mask.flat[0] = 1
    kept = palette["indices"][mask != 0]
    rest = {name: value for name, value in palette.items() if name != "indices"}
    return Call({}, {"indices_mask": sub_byte(mask, "uint1"), "indices_nonzero_data": kept, **rest})


@st.composite
def sparse_scaled(draw: DrawFn) -> Call:
    dense = draw(scaled()).settings
    mask = draw(integers(dense["data"].shape, 0, 1))
    mask.flat[0] = 1
    rest = {name: value for name, value in dense.items() if name != "data"}
    return Call({}, {"data_mask": sub_byte(mask, "uint1"), "nonzero_data": dense["data"][mask != 0], **rest})


@st.composite
def affine(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(st.integers(0, len(shape) - 1))
    form = draw(st.sampled_from([[], [shape[axis]]]))
    kind, low, high = draw(st.sampled_from([("int8", -128, 127), ("uint8", 0, 255)]))
    data, zero = (draw(integers(sides, low, high)).astype(kind) for sides in (shape, form))
    scale = draw(floats(form, 0.125, 2))
    return Call({}, {"quantized_data": data, "zero_point": zero, "scale": scale, "axis": np.int32(axis)})


@st.composite
def quantised(draw: DrawFn, back: bool) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(st.integers(0, len(shape) - 1))
    kind, low, high = draw(st.sampled_from([("int8", -128, 127), ("uint8", 0, 255)]))
    vector = draw(st.booleans())
    form = [shape[axis]] if vector else []
    # Powers of two, so that a quotient is exact and its rounding no matter of the arithmetic.
    settings: dict[str, Any] = {"scale": np.asarray(2.0 ** draw(integers(form, -4, 1)), np.float32)}
    settings |= maybe(draw, zero_point=integers(form, low, high).map(lambda zero: zero.astype(kind)))
    if vector:
        settings["axis"] = np.int32(axis)
    if back:
        return Call({"input": draw(integers(shape, low, high)).astype(kind)}, settings)
    return Call({"input": draw(floats(shape))}, {**settings, "output_dtype": kind})


PROPERTIES = {
    "constexpr_affine_dequantize": Property(affine()),
    "constexpr_blockwise_shift_scale": Property(scaled()),
    "constexpr_lut_to_dense": Property(palettes()),
    "constexpr_sparse_to_dense": Property(sparse()),
    "constexpr_lut_to_sparse": Property(sparse_palettes()),
    "constexpr_sparse_blockwise_shift_scale": Property(sparse_scaled()),
    "quantize": Property(quantised(back=False)),
    "dequantize": Property(quantised(back=True)),
}
