"""Operations on shapes against coremltools' own values, or numpy and torch."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.bindings.mil_call import Array, Call
from tests.bindings.mil_properties.table import Property, axis_of, booleans, floats, integers, maybe, shapes, sides


@st.composite
def anything(draw: DrawFn, low: int = 1, high: int = 4) -> Array:
    shape = draw(shapes(low, high))
    array: Array = draw(st.one_of(floats(shape), integers(shape, -9, 9)))
    return array


@st.composite
def joined(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(axis_of(shape))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        shape[axis] = draw(st.integers(1, 4))
        parts.append(draw(floats(shape)))
    return Call({"values": parts}, {"axis": axis})


@st.composite
def stacked(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    parts = [draw(floats(shape)) for _ in range(draw(st.integers(1, 3)))]
    return Call({"values": parts}, {"axis": draw(st.integers(-len(shape) - 1, len(shape)))})


@st.composite
def splits(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(axis_of(shape))
    if draw(st.booleans()):
        parts = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
        shape[axis] = sum(parts)
        return Call({"x": draw(floats(shape))}, {"axis": axis, "split_sizes": parts})
    count = draw(st.integers(2, 3))
    shape[axis] *= count
    return Call({"x": draw(floats(shape))}, {"axis": axis, "num_splits": count})


@st.composite
def reshaped(draw: DrawFn) -> Call:
    x = draw(anything(2, 4))
    form = draw(st.permutations(x.shape))
    if draw(st.booleans()):
        form = [form[0] * form[1], *form[2:]]
    if draw(st.booleans()):
        form[draw(st.integers(0, len(form) - 1))] = -1
    return Call({"x": x}, {"shape": [int(side) for side in form]})


@st.composite
def transposed(draw: DrawFn) -> Call:
    x = draw(anything())
    return Call({"x": x}, {"perm": list(draw(st.permutations(range(x.ndim))))})


@st.composite
def expanded(draw: DrawFn) -> Call:
    x = draw(anything(1, 3))
    rank = x.ndim + draw(st.integers(1, 2))
    axes = draw(st.permutations(range(rank)))[: rank - x.ndim]
    return Call({"x": x}, {"axes": [a - draw(st.sampled_from([0, rank])) for a in axes]})


@st.composite
def squeezed(draw: DrawFn) -> Call:
    x = draw(anything(1, 3))
    place = draw(st.integers(0, x.ndim))
    return Call({"x": np.expand_dims(x, place)}, {"axes": [place]})


@st.composite
def tiled(draw: DrawFn) -> Call:
    x = draw(anything(1, 3))
    return Call({"x": x}, {"reps": draw(st.lists(st.integers(1, 3), min_size=x.ndim, max_size=x.ndim))})


@st.composite
def padded(draw: DrawFn) -> Call:
    shape = draw(shapes(2, 4))
    mode = draw(st.sampled_from(["constant", "reflect", "replicate"]))
    touched = draw(st.integers(1, len(shape) if mode == "constant" else min(2, len(shape) - 1)))
    most = 3 if mode != "reflect" else min(shape[-touched:]) - 1
    amounts = draw(st.lists(st.integers(0, most), min_size=2 * touched, max_size=2 * touched))
    value = {"constant_val": draw(st.floats(-2, 2, width=16))} if mode == "constant" else {}
    return Call({"x": draw(floats(shape))}, {"pad": amounts, "mode": mode, **value})


def pad_by_numpy(x: Array, pad: list[int], mode: str, constant_val: float = 0.0) -> Array:
    pairs = [(0, 0)] * (x.ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    if mode == "constant":
        return np.pad(x, pairs, constant_values=constant_val)
    return np.pad(x, pairs, mode="reflect" if mode == "reflect" else "edge")


@st.composite
def bands(draw: DrawFn) -> Call:
    shape = draw(shapes(2, 3))
    return Call({"x": draw(floats(shape))}, maybe(draw, lower=st.integers(-1, 3), upper=st.integers(-1, 3)))


@st.composite
def reversed_axes(draw: DrawFn) -> Call:
    x = draw(anything())
    axes = draw(st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True))
    return Call({"x": x}, maybe(draw, axes=st.just(axes)))


@st.composite
def one(draw: DrawFn, name: str = "x") -> Call:
    shape = draw(shapes())
    return Call({name: draw(st.one_of(floats(shape), integers(shape, -9, 9), booleans(shape)))})


@st.composite
def filled(draw: DrawFn, like: bool) -> Call:
    shape = draw(shapes())
    value = {"value": draw(st.one_of(st.floats(-2, 2, width=16), st.integers(-9, 9)))}
    return Call({"ref_tensor": draw(floats(shape))}, value) if like else Call({}, {"shape": shape, **value})


@st.composite
def ranges(draw: DrawFn) -> Call:
    start, step = draw(st.integers(-5, 5)), draw(st.integers(1, 3))
    return Call({}, {"start": start, "end": start + draw(st.integers(1, 9)), "step": step})


@st.composite
def flattened(draw: DrawFn) -> Call:
    x = draw(floats(draw(shapes(2, 4))))
    return Call({"x": x}, {"axis": draw(st.integers(0, x.ndim - 1))})


def flat_by_numpy(x: Array, axis: int) -> Array:
    rows = int(np.prod(x.shape[:axis]))
    return x.reshape(rows, -1)


@st.composite
def shuffled(draw: DrawFn, up: bool) -> Call:
    factor = draw(st.integers(1, 3))
    batch, depth, high, wide = draw(sides(4, 3))
    shape = [batch, depth * factor**2, high, wide] if up else [batch, depth, high * factor, wide * factor]
    factors = {"upscale_factor": factor} if up else {"downscale_factor": np.uint32(factor)}
    return Call({"x": draw(floats(shape))}, factors)


def shuffle_by_torch(x: Array, upscale_factor: int) -> Array:
    return F.pixel_shuffle(torch.from_numpy(x), upscale_factor).numpy()


def unshuffle_by_torch(x: Array, downscale_factor: int) -> Array:
    return F.pixel_unshuffle(torch.from_numpy(x), int(downscale_factor)).numpy()


@st.composite
def windows(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(axis_of(shape))
    shape[axis] = draw(st.integers(3, 7))
    size = draw(st.integers(1, 3))
    return Call({"x": draw(floats(shape))}, {"axis": axis, "size": size, **maybe(draw, stride=st.integers(1, 2))})


def windows_by_numpy(x: Array, axis: int, size: int, stride: int = 1) -> Array:
    axis %= x.ndim
    found = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return np.moveaxis(found.take(range(0, found.shape[axis], stride), axis), -1, axis + 1)


PROPERTIES = {
    "concat": Property(joined()),
    "stack": Property(stacked()),
    "split": Property(splits()),
    "identity": Property(one()),
    "reshape": Property(reshaped()),
    "transpose": Property(transposed()),
    "expand_dims": Property(expanded()),
    "squeeze": Property(squeezed()),
    "tile": Property(tiled()),
    "pad": Property(padded(), pad_by_numpy),
    "band_part": Property(bands()),
    "reverse": Property(reversed_axes()),
    "shape": Property(one()),
    "fill": Property(filled(like=False)),
    "fill_like": Property(filled(like=True), lambda ref_tensor, value: np.full(ref_tensor.shape, value)),
    "range_1d": Property(ranges()),
    "flatten2d": Property(flattened(), flat_by_numpy),
    "pixel_shuffle": Property(shuffled(up=True), shuffle_by_torch),
    "pixel_unshuffle": Property(shuffled(up=False), unshuffle_by_torch),
    "sliding_windows": Property(windows(), windows_by_numpy),
}
