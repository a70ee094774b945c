"""Compressed constants as a device restores them, and quantised activations.

Each takes what the file stores. The newer forms (iOS 18) keep the tensor's shape; the older ones pack bits into bytes,
the least significant first, and say the shape.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)
_moves = register(KERNELS, computes=False)

_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}


def _along(value: Tensor, axis: int | None, like: Tensor) -> Tensor:
    """A scalar as it is, a vector so that it broadcasts over `axis` of `like`."""
    if value.ndim == 0 or axis is None:
        return value
    sides = [1] * like.ndim
    sides[axis] = -1
    return value.reshape(sides)


def _spread(value: Tensor, shape: torch.Size) -> Tensor:
    """Each element of `value` over its block of a tensor of `shape`."""
    for axis, size in enumerate(shape):
        if value.shape[axis] != 1:  # one alone broadcasts
            value = value.repeat_interleave(size // value.shape[axis], axis)
    return value


def _unpacked(data: Tensor, bits: int, count: int) -> Tensor:
    """The first `count` numbers of `bits` bits each in the bytes `data`."""
    ones = (data[:, None] >> torch.arange(8, dtype=torch.int32)) & 1
    places = torch.arange(bits, dtype=torch.int32)
    return (ones.flatten()[: count * bits].reshape(count, bits) << places).sum(1)


@_computes("constexpr_affine_dequantize")
def _affine_dequantize(quantized_data: Tensor, zero_point: Tensor, scale: Tensor, axis: int) -> Tensor:
    shifted = quantized_data - _along(zero_point, axis, quantized_data)
    return _along(scale, axis, quantized_data) * shifted


@_computes("constexpr_blockwise_shift_scale")
def _blockwise_shift_scale(data: Tensor, scale: Tensor, offset: Tensor | None = None) -> Tensor:
    shifted = data if offset is None else data - _spread(offset, data.shape)
    return _spread(scale, data.shape) * shifted


@_computes("constexpr_cast", ignores=["output_dtype"])
def _constexpr_cast(source_val: Tensor) -> Tensor:
    return source_val


@_moves("constexpr_lut_to_dense")
def _lut_to_dense(
    indices: Tensor, lut: Tensor, shape: list[int] | None = None, vector_axis: int | None = None
) -> Tensor:
    if shape is not None:
        bits = (lut.numel() - 1).bit_length()
        return lut[_unpacked(indices, bits, math.prod(shape))].reshape(shape)
    # Tables (*groups, entries, vector): a group of tables a block of the indices.
    table = torch.zeros(indices.shape, dtype=torch.long)
    for axis, size in enumerate(indices.shape):
        groups = lut.shape[axis]
        sides = [1] * indices.ndim
        sides[axis] = size
        table = table * groups + (torch.arange(size) // (size // groups)).reshape(sides)
    vectors = lut.reshape(-1, *lut.shape[-2:])[table, indices.long()]
    if vector_axis is None:
        return vectors.squeeze(-1)
    vector_axis %= indices.ndim
    return vectors.movedim(-1, vector_axis + 1).flatten(vector_axis, vector_axis + 1)


@_moves("constexpr_sparse_to_dense")
def _sparse_to_dense(nonzero_data: Tensor, mask: Tensor, shape: list[int] | None = None) -> Tensor:
    if shape is not None:
        mask = _unpacked(mask, 1, math.prod(shape)).reshape(shape)
    dense = torch.zeros(mask.shape, dtype=nonzero_data.dtype)
    dense[mask != 0] = nonzero_data
    return dense


@_moves("constexpr_lut_to_sparse")
def _lut_to_sparse(
    indices_mask: Tensor, indices_nonzero_data: Tensor, lut: Tensor, vector_axis: int | None = None
) -> tuple[Tensor, Tensor]:
    dense = _lut_to_dense(_sparse_to_dense(indices_nonzero_data, indices_mask), lut, None, vector_axis)
    mask = indices_mask
    if vector_axis is not None:
        mask = mask.repeat_interleave(lut.shape[-1], vector_axis)
    return mask, dense[mask != 0]


@_computes("constexpr_sparse_blockwise_shift_scale")
def _sparse_blockwise_shift_scale(
    data_mask: Tensor, nonzero_data: Tensor, scale: Tensor, offset: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    dense = _blockwise_shift_scale(_sparse_to_dense(nonzero_data, data_mask), scale, offset)
    return data_mask, dense[data_mask != 0]


@_computes("quantize")
def _quantize(
    input: Tensor,
    scale: Tensor,
    zero_point: Tensor | None = None,
    *,
    output_dtype: str,
    axis: int | None = None,
) -> Tensor:
    levels = (input / _along(scale, axis, input)).round()
    if zero_point is not None:
        levels = levels + _along(zero_point, axis, input)
    return levels.clip(*_RANGES[output_dtype]).int()


@_computes("dequantize")
def _dequantize(
    input: Tensor,
    scale: Tensor,
    zero_point: Tensor | None = None,
    *,
    axis: int | None = None,
) -> Tensor:
    shifted = input if zero_point is None else input - _along(zero_point, axis, input)
    return _along(scale, axis, input) * shifted
