"""Products of matrices, normalisations and attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)


@_computes("linear")
def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.linear(x, weight, bias)


@_computes("matmul")
def _matmul(x: Tensor, y: Tensor, transpose_x: bool = False, transpose_y: bool = False) -> Tensor:
    return torch.matmul(x.mT if transpose_x else x, y.mT if transpose_y else y)


@_computes("einsum")
def _einsum(values: Sequence[Tensor], equation: str) -> Tensor:
    return torch.einsum(equation, *values)


@_computes("layer_norm")
def _layer_norm(
    x: Tensor,
    axes: list[int] | None = None,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    axes = list(range(x.ndim)) if axes is None else [axis % x.ndim for axis in axes]
    if axes != list(range(x.ndim - len(axes), x.ndim)):
        raise NotImplementedError(f"axes={axes}")
    return F.layer_norm(x, x.shape[x.ndim - len(axes) :], gamma, beta, epsilon)


@_computes("instance_norm")
def _instance_norm(x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, epsilon: float = 1e-5) -> Tensor:
    return F.instance_norm(x, weight=gamma, bias=beta, eps=epsilon)


@_computes("batch_norm")
def _batch_norm(
    x: Tensor,
    *,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    return F.batch_norm(x, mean, variance, gamma, beta, eps=epsilon)


@_computes("l2_norm")
def _l2_norm(x: Tensor, epsilon: float = 1e-6) -> Tensor:
    # Over the last three axes.
    return x / (x.square().sum((-3, -2, -1), keepdim=True) + epsilon).sqrt()


@_computes("scaled_dot_product_attention")
def _scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, attn_mask)
