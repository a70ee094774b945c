"""Slices, look-ups and updates of parts of a tensor."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_moves = register(KERNELS, computes=False)
_computes = register(KERNELS, computes=True)


Places = tuple[slice | int, ...]


def _places(
    x: Tensor,
    *,
    begin: list[int],
    end: list[int],
    stride: list[int] | None,
    begin_mask: list[bool] | None,
    end_mask: list[bool] | None,
    squeeze_mask: list[bool] | None,
) -> tuple[Places, list[int]]:
    """The index of a slice with strides above zero, and the axes of its result to be reversed for those below."""
    places: list[slice | int] = []
    backwards: list[int] = []
    for axis, size in enumerate(x.shape):
        if squeeze_mask and squeeze_mask[axis]:
            places.append(begin[axis])
            continue
        first = None if begin_mask and begin_mask[axis] else begin[axis]
        last = None if end_mask and end_mask[axis] else end[axis]
        numbers = range(*slice(first, last, stride[axis] if stride else 1).indices(size))
        if numbers.step < 0:
            backwards.append(sum(isinstance(place, slice) for place in places))
            numbers = numbers[::-1]
        places.append(slice(numbers.start, numbers.stop, numbers.step) if numbers else slice(0, 0))
    return tuple(places), backwards


@_moves("slice_by_index")
def _slice_by_index(
    x: Tensor,
    *,
    begin: list[int],
    end: list[int],
    stride: list[int] | None = None,
    begin_mask: list[bool] | None = None,
    end_mask: list[bool] | None = None,
    squeeze_mask: list[bool] | None = None,
) -> Tensor:
    places, backwards = _places(
        x,
        begin=begin,
        end=end,
        stride=stride,
        begin_mask=begin_mask,
        end_mask=end_mask,
        squeeze_mask=squeeze_mask,
    )
    return x[places].flip(backwards) if backwards else x[places]


@_moves("slice_update")
def _slice_update(
    x: Tensor,
    update: Tensor,
    *,
    begin: list[int],
    end: list[int],
    stride: list[int] | None = None,
    begin_mask: list[bool] | None = None,
    end_mask: list[bool] | None = None,
    squeeze_mask: list[bool] | None = None,
) -> Tensor:
    places, backwards = _places(
        x,
        begin=begin,
        end=end,
        stride=stride,
        begin_mask=begin_mask,
        end_mask=end_mask,
        squeeze_mask=squeeze_mask,
    )
    result = x.clone()
    result[places] = update.reshape(result[places].shape).flip(backwards)
    return result


@_moves("slice_by_size")
def _slice_by_size(x: Tensor, begin: list[int], size: list[int]) -> Tensor:
    for axis, (first, count) in enumerate(zip(begin, size, strict=True)):
        x = x.narrow(axis, first, x.shape[axis] - first if count == -1 else count)
    return x


@_moves("gather", ignores=["validate_indices"])
def _gather(x: Tensor, indices: Tensor, axis: int = 0, batch_dims: int = 0) -> Tensor:
    # As numpy.take: the axis is replaced by the axes of the indices, those of the batch left out.
    axis %= x.ndim
    if batch_dims:
        rows = zip(x, indices, strict=True)
        return torch.stack([_gather(row, numbers, axis - 1, batch_dims - 1) for row, numbers in rows])
    taken = x.index_select(axis, indices.long().flatten())
    return taken.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


@_moves("gather_along_axis", ignores=["validate_indices"])
def _gather_along_axis(x: Tensor, indices: Tensor, axis: int = 0) -> Tensor:
    return x.gather(axis, indices.long())


@_moves("gather_nd", ignores=["validate_indices"])
def _gather_nd(x: Tensor, indices: Tensor, batch_dims: int = 0) -> Tensor:
    # The last axis of the indices holds one place in x.
    if batch_dims:
        return torch.stack([_gather_nd(row, numbers, batch_dims - 1) for row, numbers in zip(x, indices, strict=True)])
    return x[indices.long().unbind(-1)]


# Mode -> torch's reduction, and what becomes of the updates before it.
_MODES: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "add": ("sum", lambda new: new),
    "sub": ("sum", torch.neg),
    "mul": ("prod", lambda new: new),
    "div": ("prod", torch.reciprocal),
    "max": ("amax", lambda new: new),
    "min": ("amin", lambda new: new),
}


def _scattered(data: Tensor, places: Tensor, updates: Tensor, mode: str) -> Tensor:
    """`data` with its elements at `places` (numbers in the flattened data) updated."""
    flat, places, updates = data.flatten(), places.flatten(), updates.flatten()
    if mode == "update":
        return flat.scatter(0, places, updates).reshape(data.shape)
    reduction, change = _MODES[mode]
    return flat.scatter_reduce(0, places, change(updates), reduction).reshape(data.shape)


@_computes("scatter", ignores=["validate_indices"])
def _scatter(data: Tensor, indices: Tensor, updates: Tensor, *, axis: int = 0, mode: str = "add") -> Tensor:
    numbers = torch.arange(data.numel()).reshape(data.shape)
    return _scattered(data, numbers.index_select(axis, indices.long()), updates, mode)


@_computes("scatter_along_axis", ignores=["validate_indices"])
def _scatter_along_axis(data: Tensor, indices: Tensor, updates: Tensor, *, axis: int = 0, mode: str = "add") -> Tensor:
    numbers = torch.arange(data.numel()).reshape(data.shape)
    return _scattered(data, numbers.gather(axis, indices.long()), updates, mode)


@_computes("scatter_nd", ignores=["validate_indices"])
def _scatter_nd(data: Tensor, indices: Tensor, updates: Tensor, *, mode: str = "add") -> Tensor:
    numbers = torch.arange(data.numel()).reshape(data.shape)
    return _scattered(data, numbers[indices.long().unbind(-1)], updates, mode)


@_moves("one_hot")
def _one_hot(
    indices: Tensor, one_hot_vector_size: int, axis: int = -1, on_value: float = 1, off_value: float = 0
) -> Tensor:
    hot = F.one_hot(indices.long(), one_hot_vector_size).bool().movedim(-1, axis)
    kind = torch.int32 if isinstance(on_value, int) else torch.float32
    return torch.where(hot, on_value, off_value).to(kind)
