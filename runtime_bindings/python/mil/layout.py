"""Operations that move values and compute none: slices, joins, shapes, fillings."""

from __future__ import annotations

import math
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


@_moves("pad")
def _pad(x: Tensor, pad: list[int], mode: str = "constant", constant_val: float = 0.0) -> Tensor:
    # (before, after) pairs for the last axes in their order; PyTorch wants the last axis first.
    pairs = [pad[i : i + 2] for i in range(0, len(pad), 2)]
    if mode == "constant":
        return F.pad(x, [amount for pair in reversed(pairs) for amount in pair], "constant", constant_val)
    for axis, (before, after) in enumerate(pairs, x.ndim - len(pairs)):
        last = x.shape[axis] - 1
        places = torch.arange(-before, last + 1 + after)
        if mode == "reflect":
            places = last - (last - places.abs()).abs()
        x = x.index_select(axis, places.clip(0, last))
    return x


@_moves("select")
def _select(cond: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(cond, a, b)


@_moves("band_part")
def _band_part(x: Tensor, lower: int = -1, upper: int = -1) -> Tensor:
    kept = x if lower < 0 else x.triu(-lower)
    return kept if upper < 0 else kept.tril(upper)


@_moves("reverse")
def _reverse(x: Tensor, axes: list[int] | None = None) -> Tensor:
    return x.flip(list(range(x.ndim)) if axes is None else axes)


@_moves("shape")
def _shape(x: Tensor) -> Tensor:
    return torch.tensor(x.shape, dtype=torch.int32)


@_moves("fill")
def _fill(shape: list[int], value: float = 0.0) -> Tensor:
    return torch.full(shape, value, dtype=_typed(value).dtype)


@_moves("fill_like")
def _fill_like(ref_tensor: Tensor, value: float = 0.0) -> Tensor:
    return torch.full(ref_tensor.shape, value, dtype=_typed(value).dtype)


@_moves("range_1d")
def _range_1d(start: float, end: float, step: float) -> Tensor:
    return torch.arange(start, end, step, dtype=_typed(start).dtype)


def _typed(value: float) -> Tensor:
    """A scalar in the interpreter's type for it: bool, int32 or fp32."""
    kind = torch.bool if isinstance(value, bool) else torch.int32 if isinstance(value, int) else torch.float32
    return torch.tensor(value, dtype=kind)


@_moves("flatten2d")
def _flatten2d(x: Tensor, axis: int = 1) -> Tensor:
    rows = math.prod(x.shape[: axis % x.ndim if axis < 0 else axis])
    return x.reshape(rows, x.numel() // rows)


@_moves("pixel_shuffle")
def _pixel_shuffle(x: Tensor, upscale_factor: int) -> Tensor:
    return F.pixel_shuffle(x, upscale_factor)


@_moves("pixel_unshuffle")
def _pixel_unshuffle(x: Tensor, downscale_factor: int) -> Tensor:
    return F.pixel_unshuffle(x, downscale_factor)


@_moves("sliding_windows")
def _sliding_windows(x: Tensor, axis: int, size: int, stride: int = 1) -> Tensor:
    return x.unfold(axis, size, stride).movedim(-1, axis % x.ndim + 1)


@_moves("read_state")
def _read_state(input: Tensor) -> Tensor:
    return input


@_moves("coreml_update_state", ignores=["state"])
def _update_state(value: Tensor) -> tuple[Tensor, Tensor]:
    # The loader gives this operation a second output: the state.
    return value, value
