"""Slices, look-ups and updates against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.bindings.mil_call import Array, Call
from tests.bindings.mil_properties.table import Property, axis_of, floats, integers, maybe, shapes, sides


@st.composite
def sliced(draw: DrawFn) -> Call:
    """Never empty: Core ML has no empty tensors."""
    shape = draw(shapes(1, 3))
    begin, end, stride = [], [], []
    for side in shape:
        first, last = sorted((draw(st.integers(0, side - 1)), draw(st.integers(0, side - 1))))
        backwards = draw(st.booleans()) and last > first
        step = draw(st.integers(1, 2))
        begin.append(last if backwards else first - draw(st.sampled_from([0, side])))
        end.append(first if backwards else last + 1)
        stride.append(-step if backwards else step)
    masks = {
        name: draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
        for name in ("begin_mask", "end_mask")
    }
    squeeze = draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
    squeeze[0] = squeeze[0] and not all(squeeze)
    return Call(
        {"x": draw(floats(shape))}, {"begin": begin, "end": end, "stride": stride, **masks, "squeeze_mask": squeeze}
    )


def places(
    *,
    begin: list[int],
    end: list[int],
    stride: list[int],
    begin_mask: list[bool],
    end_mask: list[bool],
    squeeze_mask: list[bool],
) -> tuple[slice | int, ...]:
    return tuple(
        b if squeeze else slice(None if bm else b, None if em else e, s)
        for b, e, s, bm, em, squeeze in zip(begin, end, stride, begin_mask, end_mask, squeeze_mask, strict=True)
    )


def slice_by_numpy(x: Array, **slices: Any) -> Array:
    return x[places(**slices)]


@st.composite
def updated(draw: DrawFn) -> Call:
    call = draw(sliced())
    shape = slice_by_numpy(**call.tensors, **call.settings).shape
    return Call({**call.tensors, "update": draw(floats(shape))}, call.settings)


def update_by_numpy(x: Array, update: Array, **slices: Any) -> Array:
    result = x.copy()
    result[places(**slices)] = update
    return result


@st.composite
def ring(draw: DrawFn) -> Call:
    """A row whose place is known at run time only, as a ring buffer has it."""
    rows, columns = draw(sides(2))
    place = draw(st.integers(0, rows - 1))
    position = {"begin": np.array([place, 0], np.int32), "end": np.array([place + 1, columns], np.int32)}
    x, update = draw(floats([rows, columns])), draw(floats([1, columns]))
    return Call({"x": x, "update": update, **position}, {})


def either_update(x: Array, update: Array, begin: Any, end: Any, **more: Any) -> Array:
    if more:
        return update_by_numpy(x, update, begin=begin, end=end, **more)
    return update_by_numpy(
        x,
        update,
        begin=begin,
        end=end,
        stride=[1, 1],
        begin_mask=[False, False],
        end_mask=[False, False],
        squeeze_mask=[False, False],
    )


@st.composite
def sized(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    begin = [draw(st.integers(0, side - 1)) for side in shape]
    size = [draw(st.sampled_from([-1, draw(st.integers(1, side - b))])) for side, b in zip(shape, begin, strict=True)]
    return Call({"x": draw(floats(shape))}, {"begin": begin, "size": size})


@st.composite
def gathered(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(axis_of(shape))
    indices = draw(integers(draw(shapes(1, 2)), 0, shape[axis] - 1))
    return Call({"x": draw(floats(shape)), "indices": indices}, {"axis": axis})


@st.composite
def gathered_in_batches(draw: DrawFn) -> Call:
    shape = draw(sides(3))
    batch_dims = draw(st.integers(1, 2))
    axis = draw(st.integers(batch_dims, 2))
    indices = draw(integers([*shape[:batch_dims], draw(st.integers(1, 3))], 0, shape[axis] - 1))
    return Call({"x": draw(floats(shape)), "indices": indices}, {"axis": axis, "batch_dims": batch_dims})


def gather_by_numpy(x: Array, indices: Array, axis: int, batch_dims: int = 0) -> Array:
    if not batch_dims:
        return np.take(x, indices, axis)
    rows = [gather_by_numpy(a, b, axis - 1, batch_dims - 1) for a, b in zip(x, indices, strict=True)]
    return np.stack(rows)


@st.composite
def gathered_along(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(axis_of(shape))
    wanted = list(shape)
    wanted[axis] = draw(st.integers(1, 4))
    return Call({"x": draw(floats(shape)), "indices": draw(integers(wanted, 0, shape[axis] - 1))}, {"axis": axis})


@st.composite
def gathered_nd(draw: DrawFn) -> Call:
    shape = draw(sides(3))
    batch_dims = draw(st.integers(0, 1))
    depth = draw(st.integers(1, 3 - batch_dims))
    form = [*shape[:batch_dims], draw(st.integers(1, 4))]
    parts = [draw(integers(form, 0, shape[batch_dims + place] - 1)) for place in range(depth)]
    return Call({"x": draw(floats(shape)), "indices": np.stack(parts, -1)}, {"batch_dims": batch_dims})


def gather_nd_by_numpy(x: Array, indices: Array, batch_dims: int) -> Array:
    if batch_dims:
        return np.stack([gather_nd_by_numpy(a, b, 0) for a, b in zip(x, indices, strict=True)])
    return x[tuple(np.moveaxis(indices, -1, 0))]


MODES = st.sampled_from(["add", "sub", "mul", "div", "max", "min", "update"])
CHANGES: dict[str, Any] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "update": lambda _, new: new,
}


def scatter_places(draw: DrawFn, size: int, count: int) -> Array:
    """Each place once: what repeated ones give depends on the order."""
    return np.array(draw(st.permutations(range(size)))[:count], np.int32)


@st.composite
def scattered(draw: DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    axis = draw(axis_of(shape))
    indices = scatter_places(draw, shape[axis], draw(st.integers(1, shape[axis])))
    part = list(shape)
    part[axis] = len(indices)
    data, updates = draw(floats(shape)), draw(floats(part, 0.5, 4))
    return Call({"data": data, "indices": indices, "updates": updates}, {"axis": axis, "mode": draw(MODES)})


def scatter_by_numpy(data: Array, indices: Array, updates: Array, axis: int, mode: str) -> Array:
    result = np.moveaxis(data.copy(), axis, 0)
    for place, row in zip(indices, np.moveaxis(updates, axis, 0), strict=True):
        result[place] = CHANGES[mode](result[place], row)
    return np.moveaxis(result, 0, axis)


@st.composite
def scattered_along(draw: DrawFn) -> Call:
    rows, columns = draw(sides(2))
    count = draw(st.integers(1, rows))
    indices = np.stack([scatter_places(draw, rows, count) for _ in range(columns)], 1)
    data, updates = draw(floats([rows, columns])), draw(floats(indices.shape, 0.5, 4))
    return Call({"data": data, "indices": indices, "updates": updates}, {"axis": 0, "mode": draw(MODES)})


def scatter_along_by_numpy(data: Array, indices: Array, updates: Array, axis: int, mode: str) -> Array:
    result = data.copy()
    for (row, column), place in np.ndenumerate(indices):
        result[place, column] = CHANGES[mode](result[place, column], updates[row, column])
    return result


@st.composite
def scattered_nd(draw: DrawFn) -> Call:
    shape = draw(sides(3))
    depth = draw(st.integers(1, 3))
    count = int(np.prod(shape[:depth]))
    flat = scatter_places(draw, count, draw(st.integers(1, count)))
    indices = np.stack(np.unravel_index(flat, shape[:depth]), -1).astype(np.int32)
    data, updates = draw(floats(shape)), draw(floats([len(flat), *shape[depth:]], 0.5, 4))
    return Call({"data": data, "indices": indices, "updates": updates}, {"mode": draw(MODES)})


def scatter_nd_by_numpy(data: Array, indices: Array, updates: Array, mode: str) -> Array:
    result = data.copy()
    for place, row in zip(indices, updates, strict=True):
        result[tuple(place)] = CHANGES[mode](result[tuple(place)], row)
    return result


@st.composite
def hot(draw: DrawFn) -> Call:
    size = draw(st.integers(1, 5))
    shape = draw(shapes(1, 2))
    axis = draw(st.integers(-1, len(shape)))
    values = maybe(draw, on_value=st.integers(1, 3))
    return Call({"indices": draw(integers(shape, 0, size - 1))}, {"one_hot_vector_size": size, "axis": axis, **values})


def hot_by_numpy(indices: Array, one_hot_vector_size: int, axis: int, on_value: int = 1) -> Array:
    return np.moveaxis(np.eye(one_hot_vector_size, dtype=np.int32)[indices] * on_value, -1, axis)


PROPERTIES = {
    "slice_by_index": Property(sliced(), slice_by_numpy),
    "slice_update": Property(st.one_of(updated(), ring()), either_update),
    "slice_by_size": Property(sized()),
    "gather": Property(st.one_of(gathered(), gathered_in_batches()), gather_by_numpy),
    "gather_along_axis": Property(gathered_along()),
    "gather_nd": Property(gathered_nd(), gather_nd_by_numpy),
    "scatter": Property(scattered(), scatter_by_numpy),
    "scatter_along_axis": Property(scattered_along(), scatter_along_by_numpy),
    "scatter_nd": Property(scattered_nd(), scatter_nd_by_numpy),
    "one_hot": Property(hot(), hot_by_numpy),
}
