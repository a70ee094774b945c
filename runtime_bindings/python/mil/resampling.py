"""Resampling of the last two axes."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)
_moves = register(KERNELS, computes=False)


def _size(x: Tensor, height: float, width: float) -> tuple[int, int]:
    return math.floor(x.shape[-2] * height), math.floor(x.shape[-1] * width)


@_moves("upsample_nearest_neighbor")
def _upsample_nearest_neighbor(x: Tensor, scale_factor_height: float = 1, scale_factor_width: float = 1) -> Tensor:
    if not (float(scale_factor_height).is_integer() and float(scale_factor_width).is_integer()):
        raise NotImplementedError("a scale factor that is not whole")
    return x.repeat_interleave(int(scale_factor_height), -2).repeat_interleave(int(scale_factor_width), -1)


@_computes("upsample_bilinear")
def _upsample_bilinear(
    x: Tensor, scale_factor_height: float = 1, scale_factor_width: float = 1, align_corners: bool = True
) -> Tensor:
    size = _size(x, scale_factor_height, scale_factor_width)
    image = x.reshape(1, -1, *x.shape[-2:])
    return F.interpolate(image, size, mode="bilinear", align_corners=align_corners).reshape(*x.shape[:-2], *size)
