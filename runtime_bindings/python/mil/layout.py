"""Operations that move values and compute none: slices, joins, shapes, look-ups."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_moves = register(KERNELS, computes=False)


@_moves("concat")
def _concat(values: Sequence[Tensor], axis: int, interleave: bool = False) -> Tensor:
    if interleave:
        raise NotImplementedError("interleave=True")
    return torch.cat(list(values), axis)


@_moves("stack")
def _stack(values: Sequence[Tensor], axis: int) -> Tensor:
    return torch.stack(list(values), axis)


@_moves("split")
def _split(
    x: Tensor, axis: int, num_splits: int | None = None, split_sizes: list[int] | None = None
) -> tuple[Tensor, ...]:
    if split_sizes is not None:
        return torch.split(x, split_sizes, axis)
    assert num_splits is not None, "the format asks for one of the two"
    return torch.split(x, x.shape[axis] // num_splits, axis)


@_moves("identity")
def _identity(x: Tensor) -> Tensor:
    return x


@_moves("reshape")
def _reshape(x: Tensor, shape: list[int]) -> Tensor:
    return x.reshape(shape)


@_moves("transpose")
def _transpose(x: Tensor, perm: list[int]) -> Tensor:
    return x.permute(perm)


@_moves("expand_dims")
def _expand_dims(x: Tensor, axes: list[int]) -> Tensor:
    rank = x.ndim + len(axes)
    for axis in sorted(a % rank for a in axes):
        x = x.unsqueeze(axis)
    return x


@_moves("squeeze")
def _squeeze(x: Tensor, axes: list[int] | None = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


@_moves("tile")
def _tile(x: Tensor, reps: list[int]) -> Tensor:
    return x.repeat(reps)


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
    index: list[slice | int] = []
    for axis in range(x.ndim):
        if squeeze_mask and squeeze_mask[axis]:
            index.append(begin[axis])
            continue
        step = stride[axis] if stride else 1
        if step < 0:
            raise NotImplementedError("a negative stride")
        first = None if begin_mask and begin_mask[axis] else begin[axis]
        last = None if end_mask and end_mask[axis] else end[axis]
        index.append(slice(first, last, step))
    return x[tuple(index)]


@_moves("pad")
def _pad(x: Tensor, pad: list[int], mode: str = "constant", constant_val: float = 0.0) -> Tensor:
    # The file gives (before, after) pairs for the last axes in their order; PyTorch wants the last axis first.
    pairs = [pad[i : i + 2] for i in range(0, len(pad), 2)]
    flat = [amount for pair in reversed(pairs) for amount in pair]
    if mode == "constant":
        return F.pad(x, flat, "constant", constant_val)
    while len(flat) > 2 and flat[-2:] == [0, 0]:
        flat = flat[:-2]
    return F.pad(x, flat, mode)


@_moves("gather")
def _gather(x: Tensor, indices: Tensor, axis: int = 0, batch_dims: int = 0, validate_indices: bool = False) -> Tensor:
    # As numpy.take: the axis is replaced by the axes of the indices.
    del validate_indices
    if batch_dims:
        raise NotImplementedError("batch_dims")
    axis %= x.ndim
    taken = x.index_select(axis, indices.long().flatten())
    return taken.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


@_moves("gather_along_axis")
def _gather_along_axis(x: Tensor, indices: Tensor, axis: int = 0, validate_indices: bool = False) -> Tensor:
    del validate_indices
    return x.gather(axis, indices.long())


@_moves("select")
def _select(cond: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(cond, a, b)
