"""Operators written with others that XNNPACK takes: views and slices for picking and splitting, pooling for means.

Each form is a decomposition in PyTorch's sense: a function with the operator's own signature. One that does not apply
returns NotImplemented and the operator stays. Which operators the delegate takes was measured with executorch 1.4.1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from export.targets.rewrites.constants import store_constants

aten = torch.ops.aten
Form = Callable[..., Any]


def _shape_without(x: Tensor, dims: Sequence[int]) -> list[int]:
    drop = {dim % x.dim() for dim in dims}
    return [size for axis, size in enumerate(x.shape) if axis not in drop]


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """As a view."""
    shape = list(x.shape)
    shape.insert(dim % (x.dim() + 1), 1)
    return x.reshape(shape)


def squeeze(x: Tensor, dims: int | Sequence[int] | None = None) -> Tensor:
    """As a view."""
    wanted = range(x.dim()) if dims is None else [dims] if isinstance(dims, int) else dims
    return x.reshape(_shape_without(x, [dim for dim in wanted if x.shape[dim] == 1]))


def select(x: Tensor, dim: int, index: int) -> Tensor:
    """As a slice of one and a view."""
    return x.narrow(dim, index % x.shape[dim], 1).reshape(_shape_without(x, [dim]))


def unbind(x: Tensor, dim: int = 0) -> list[Tensor]:
    """As slices of one and views."""
    return [select(x, dim, index) for index in range(x.shape[dim])]


def split_with_sizes(x: Tensor, sizes: Sequence[int], dim: int = 0) -> list[Tensor]:
    """As slices."""
    ends = [sum(sizes[: count + 1]) for count in range(len(sizes))]
    return [x.narrow(dim, end - size, size) for size, end in zip(sizes, ends, strict=True)]


def split(x: Tensor, size: int, dim: int = 0) -> list[Tensor]:
    """As slices; the last may be shorter."""
    total = x.shape[dim]
    return split_with_sizes(x, [min(size, total - start) for start in range(0, total, size)], dim)


def expand(x: Tensor, size: Sequence[int], *, implicit: bool = False) -> Any:  # noqa: ARG001
    """Nothing, where nothing is repeated."""
    same = len(size) == x.dim() and all(want in (-1, have) for want, have in zip(size, x.shape, strict=True))
    return x.reshape(x.shape) if same else NotImplemented


def matmul(x: Tensor, y: Tensor) -> Any:
    """As one batched product, where neither side is broadcast over the batch."""
    if x.dim() < 3 or x.dim() != y.dim() or x.shape[:-2] != y.shape[:-2]:
        return NotImplemented
    batch = math.prod(x.shape[:-2])
    product = torch.bmm(x.reshape(batch, *x.shape[-2:]), y.reshape(batch, *y.shape[-2:]))
    return product.reshape(*x.shape[:-1], y.shape[-1])


def mean(x: Tensor, dims: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None) -> Any:
    """As the pooling of a whole image (1, kept, 1, reduced): the one mean the delegate knows."""
    reduced = sorted(dim % x.dim() for dim in (dims or range(x.dim())))
    if dtype not in (None, x.dtype) or (x.dim() == 4 and reduced == [2, 3] and keepdim):
        return NotImplemented
    kept = [axis for axis in range(x.dim()) if axis not in reduced]
    count = math.prod(x.shape[axis] for axis in reduced)
    image = x.permute(*kept, *reduced).reshape(1, -1, 1, count)
    shape = [x.shape[axis] for axis in kept]
    if keepdim:
        shape = [1 if axis in reduced else size for axis, size in enumerate(x.shape)]
    return aten.mean.dim(image, [2, 3], True).reshape(shape)


def total(x: Tensor, dims: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None) -> Any:
    """As the mean times the count."""
    if dtype not in (None, x.dtype):
        return NotImplemented
    count = math.prod(x.shape[dim] for dim in (dims or range(x.dim())))
    return aten.mean.dim(x, list(dims or range(x.dim())), keepdim) * float(count)


def softmax(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Any:
    """Over the last axis, between two transpositions."""
    if dim % x.dim() == x.dim() - 1 or dtype not in (None, x.dtype):
        return NotImplemented
    return aten.softmax.int(x.transpose(dim, -1), -1).transpose(dim, -1)


def reciprocal(x: Tensor) -> Tensor:
    """As a quotient."""
    return x.new_ones(1) / x


def gelu(x: Tensor, *, approximate: str = "none") -> Any:
    """The tanh form by its definition (Hendrycks and Gimpel 2016, section 2): the delegate's own is 5e-4 off it."""
    if approximate != "tanh":
        return NotImplemented
    inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
    return x * 0.5 * (torch.tanh(inner) + 1.0)


def rsub(x: Tensor, other: float, alpha: float = 1) -> Any:
    """As a sum with the negative."""
    return NotImplemented if alpha != 1 else aten.add.Tensor(aten.neg.default(x), float(other))


def _float_scalar(operator: Any) -> Form:
    """With a float for an integer scalar, which would otherwise be an integer tensor and a conversion."""

    def with_float(x: Any, other: Any, *, alpha: float = 1) -> Any:
        fits = isinstance(x, Tensor) and x.is_floating_point() and isinstance(other, int) and alpha == 1
        return operator(x, float(other)) if fits else NotImplemented

    return with_float


FORMS: dict[Any, Form] = {
    aten.unsqueeze.default: unsqueeze,
    aten.squeeze.default: squeeze,
    aten.squeeze.dim: squeeze,
    aten.squeeze.dims: squeeze,
    aten.select.int: select,
    aten.unbind.int: unbind,
    aten.split.Tensor: split,
    aten.split_with_sizes.default: split_with_sizes,
    aten.expand.default: expand,
    aten.matmul.default: matmul,
    aten.mean.dim: mean,
    aten.sum.dim_IntList: total,
    aten.softmax.int: softmax,
    aten.reciprocal.default: reciprocal,
    aten.rsub.Scalar: rsub,
    aten.gelu.default: gelu,
    **{
        operator: _float_scalar(operator)
        for operator in (aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor, aten.div.Tensor)
    },
}


def apply_forms(program: ExportedProgram, example: tuple[Tensor, ...]) -> tuple[ExportedProgram, tuple[str, ...]]:
    """`program` with every form applied that fits, and the names of the rewrites that changed it.

    Constants made inside the program (``torch.ones``) become buffers of it. The given program is left as it was.

    Args:
        program: a traced program of tensors.
        example: its arguments.
    """
    applied: set[str] = set()

    def noted(form: Form) -> Form:
        @functools.wraps(form)
        def call(*args: Any, **kwargs: Any) -> Any:
            result = form(*args, **kwargs)
            if result is not NotImplemented:
                applied.add("operator_forms")
            return result

        return call

    formed = program.run_decompositions({operator: noted(form) for operator, form in FORMS.items()})
    graph = formed.module()
    if store_constants(graph):
        applied.add("stored_constants")
        formed = torch.export.export(graph, example, strict=False)
    return formed, tuple(sorted(applied))
