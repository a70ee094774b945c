"""Reductions over axes, and the order of values along one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from runtime_bindings.python.mil.arithmetic import TORCH_TYPES
from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)
_moves = register(KERNELS, computes=False)


def _product(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in sorted((a % x.ndim for a in axes), reverse=True):
        x = x.prod(axis, keep)
    return x


_REDUCTIONS: dict[str, Callable[[Tensor, list[int], bool], Tensor]] = {
    "reduce_l1_norm": lambda x, axes, keep: x.abs().sum(axes, keep),
    "reduce_l2_norm": lambda x, axes, keep: x.square().sum(axes, keep).sqrt(),
    "reduce_log_sum": lambda x, axes, keep: x.sum(axes, keep).log(),
    "reduce_log_sum_exp": lambda x, axes, keep: x.logsumexp(axes, keep),
    "reduce_max": lambda x, axes, keep: x.amax(axes, keep),
    "reduce_mean": lambda x, axes, keep: x.mean(axes, keep),
    "reduce_min": lambda x, axes, keep: x.amin(axes, keep),
    "reduce_prod": _product,
    "reduce_sum": lambda x, axes, keep: x.sum(axes, keep),
    "reduce_sum_square": lambda x, axes, keep: x.square().sum(axes, keep),
}


def _put(operation: str, function: Callable[[Tensor, list[int], bool], Tensor]) -> None:
    @_computes(operation)
    def _reduce(x: Tensor, axes: list[int] | None = None, keep_dims: bool = False) -> Tensor:
        # torch sums integers as int64.
        return function(x, list(range(x.ndim)) if axes is None else axes, keep_dims).to(x.dtype)


for _name, _function in _REDUCTIONS.items():
    _put(_name, _function)


@_computes("reduce_argmax")
def _reduce_argmax(x: Tensor, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32") -> Tensor:
    return x.argmax(axis, keepdim=keep_dims).to(TORCH_TYPES[output_dtype])


@_computes("reduce_argmin")
def _reduce_argmin(x: Tensor, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32") -> Tensor:
    return x.argmin(axis, keepdim=keep_dims).to(TORCH_TYPES[output_dtype])


@_moves("argsort")
def _argsort(x: Tensor, axis: int = -1, ascending: bool = False) -> Tensor:
    return x.argsort(dim=axis, descending=not ascending, stable=True).int()


# Sorted in any case: where the file does not ask for it, any order is right.
@_moves("topk", ignores=["sort"])
def _topk(
    x: Tensor,
    *,
    k: int = 1,
    axis: int = -1,
    ascending: bool = False,
    return_indices: bool = True,
    output_indices_dtype: str = "int32",
) -> tuple[Tensor, ...]:
    values, indices = torch.sort(x, dim=axis, descending=not ascending, stable=True)
    count = x.shape[axis] if k == -1 else k
    kept = (values.narrow(axis, 0, count), indices.narrow(axis, 0, count).to(TORCH_TYPES[output_indices_dtype]))
    return kept if return_indices else kept[:1]
