"""Operations of neural networks: products, convolutions, normalisations, softmax and attention."""

from __future__ import annotations

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


@_computes("conv")
def _conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    strides: list[int] | None = None,
    pad_type: str = "valid",
    pad: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
) -> Tensor:
    # pad holds (before, after) for each spatial axis and counts only when pad_type is "custom".
    spatial = x.ndim - 2
    if pad_type == "custom" and pad is not None:
        pairs = [pad[i : i + 2] for i in range(0, len(pad), 2)]
        x = F.pad(x, [amount for pair in reversed(pairs) for amount in pair])
    elif pad_type != "valid":
        raise NotImplementedError(f"pad_type={pad_type}")
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[spatial]
    ones = [1] * spatial
    return function(x, weight, bias, strides or ones, [0] * spatial, dilations or ones, groups)


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


@_computes("softmax")
def _softmax(x: Tensor, axis: int = -1) -> Tensor:
    return x.softmax(axis)


@_computes("scaled_dot_product_attention")
def _scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, attn_mask)
