"""Convolutions and pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)


def _amounts(
    x: Tensor,
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    *,
    pad_type: str,
    pad: list[int] | None,
) -> list[tuple[int, int]]:
    """How much is put (before, after) each spatial axis.

    "same" makes ceil(size / stride) results and puts an odd one after, "same_lower" puts it before; `pad` counts for
    "custom" alone.
    """
    if pad_type == "valid":
        return [(0, 0)] * len(kernel)
    if pad_type == "custom":
        pad = pad or [0, 0] * len(kernel)
        return list(zip(pad[::2], pad[1::2], strict=True))
    found = []
    for size, width, stride, dilation in zip(x.shape[2:], kernel, strides, dilations, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + (width - 1) * dilation + 1 - size)
        less, more = total // 2, total - total // 2
        found.append((less, more) if pad_type == "same" else (more, less))
    return found


def _padded(x: Tensor, amounts: list[tuple[int, int]], value: float = 0.0) -> Tensor:
    # torch wants the last axis first.
    return F.pad(x, [amount for pair in reversed(amounts) for amount in pair], value=value)


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
    spatial = x.ndim - 2
    strides, dilations = strides or [1] * spatial, dilations or [1] * spatial
    x = _padded(x, _amounts(x, weight.shape[2:], strides, dilations, pad_type=pad_type, pad=pad))
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[spatial]
    return function(x, weight, bias, strides, [0] * spatial, dilations, groups)


@_computes("conv_transpose")
def _conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    pad: list[int] | None = None,
    output_shape: list[int] | None = None,
    pad_type: str = "valid",
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
) -> Tensor:
    if pad_type not in ("valid", "custom"):
        raise NotImplementedError(f"pad_type={pad_type}")
    spatial = x.ndim - 2
    function = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[spatial]
    ones = [1] * spatial
    full = function(x, weight, bias, strides or ones, 0, 0, groups, dilations or ones)
    if pad_type == "custom" and pad is not None:  # here it says how much is cut off
        for axis in range(spatial):
            before, after = pad[2 * axis : 2 * axis + 2]
            full = full.narrow(axis + 2, before, full.shape[axis + 2] - before - after)
    if output_shape is not None and list(full.shape) != output_shape:
        raise NotImplementedError(f"output_shape={output_shape}")
    return full


def _for_pooling(
    x: Tensor,
    *,
    kernel_sizes: list[int],
    strides: list[int] | None,
    pad_type: str,
    pad: list[int] | None,
    ceil_mode: bool,
) -> tuple[list[int], list[tuple[int, int]]]:
    """Strides, and what is put around."""
    if ceil_mode:
        raise NotImplementedError("ceil_mode=True")
    ones = [1] * len(kernel_sizes)
    strides = strides or ones
    return strides, _amounts(x, kernel_sizes, strides, ones, pad_type=pad_type, pad=pad)


@_computes("avg_pool")
def _avg_pool(
    x: Tensor,
    *,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    exclude_padding_from_average: bool = False,
    ceil_mode: bool = False,
) -> Tensor:
    strides, amounts = _for_pooling(
        x, kernel_sizes=kernel_sizes, strides=strides, pad_type=pad_type, pad=pad, ceil_mode=ceil_mode
    )
    function = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[len(kernel_sizes)]
    mean = function(_padded(x, amounts), kernel_sizes, strides)
    if exclude_padding_from_average:
        mean = mean / function(_padded(x.new_ones(x.shape), amounts), kernel_sizes, strides)
    return mean


@_computes("max_pool")
def _max_pool(
    x: Tensor,
    *,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    strides, amounts = _for_pooling(
        x, kernel_sizes=kernel_sizes, strides=strides, pad_type=pad_type, pad=pad, ceil_mode=ceil_mode
    )
    function = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[len(kernel_sizes)]
    return function(_padded(x, amounts, -math.inf), kernel_sizes, strides)
