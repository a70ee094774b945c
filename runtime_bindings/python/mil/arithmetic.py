"""Elementwise operations, comparisons and reductions."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

# Values declared fp16 are held as fp32 that was rounded to fp16, short integers as int32.
TORCH_TYPES = {
    "fp16": torch.float32,
    "fp32": torch.float32,
    "int32": torch.int32,
    "int16": torch.int32,
    "uint16": torch.int32,
    "int8": torch.int32,
    "uint8": torch.int32,
    "bool": torch.bool,
}

# Operations of one tensor x, and of two tensors x and y with broadcasting, that need no settings.
_UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "erf": torch.erf,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "floor": torch.floor,
    "logical_not": torch.logical_not,
    "relu": torch.relu,
    "round": torch.round,
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "silu": F.silu,
    "sin": torch.sin,
    "softplus": F.softplus,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "tanh": torch.tanh,
}
_BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "equal": torch.eq,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mul": torch.mul,
    "not_equal": torch.ne,
    "pow": torch.pow,
    "real_div": torch.div,
    "sub": torch.sub,
}

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)


def _put_unary(operation: str, function: Callable[[Tensor], Tensor]) -> None:
    @_computes(operation)
    def _apply(x: Tensor) -> Tensor:
        return function(x)


def _put_binary(operation: str, function: Callable[[Tensor, Tensor], Tensor]) -> None:
    @_computes(operation)
    def _apply(x: Tensor, y: Tensor) -> Tensor:
        return function(x, y)


for _name, _unary in _UNARY.items():
    _put_unary(_name, _unary)
for _name, _binary in _BINARY.items():
    _put_binary(_name, _binary)


@_computes("cast")
def _cast(x: Tensor, dtype: str) -> Tensor:
    return x.to(TORCH_TYPES[dtype])


# The epsilons are part of these two operations' definitions, added before the function is taken.
@_computes("log")
def _log(x: Tensor, epsilon: float = 1e-45) -> Tensor:
    return (x + epsilon).log()


@_computes("rsqrt")
def _rsqrt(x: Tensor, epsilon: float = 1e-12) -> Tensor:
    return (x + epsilon).rsqrt()


@_computes("clip")
def _clip(x: Tensor, alpha: float, beta: float) -> Tensor:
    return x.clip(alpha, beta)


@_computes("leaky_relu")
def _leaky_relu(x: Tensor, alpha: float = 0.01) -> Tensor:
    return F.leaky_relu(x, alpha)


@_computes("gelu")
def _gelu(x: Tensor, mode: str = "EXACT") -> Tensor:
    if mode == "SIGMOID_APPROXIMATION":
        return x * torch.sigmoid(1.702 * x)
    return F.gelu(x, approximate="none" if mode == "EXACT" else "tanh")


def _all_or(axes: list[int] | None, x: Tensor) -> list[int]:
    return list(range(x.ndim)) if axes is None else axes


@_computes("reduce_sum")
def _reduce_sum(x: Tensor, axes: list[int] | None = None, keep_dims: bool = False) -> Tensor:
    return x.sum(_all_or(axes, x), keepdim=keep_dims)


@_computes("reduce_mean")
def _reduce_mean(x: Tensor, axes: list[int] | None = None, keep_dims: bool = False) -> Tensor:
    return x.mean(_all_or(axes, x), keepdim=keep_dims)


@_computes("reduce_max")
def _reduce_max(x: Tensor, axes: list[int] | None = None, keep_dims: bool = False) -> Tensor:
    return x.amax(_all_or(axes, x), keepdim=keep_dims)


@_computes("reduce_min")
def _reduce_min(x: Tensor, axes: list[int] | None = None, keep_dims: bool = False) -> Tensor:
    return x.amin(_all_or(axes, x), keepdim=keep_dims)


@_computes("reduce_argmax")
def _reduce_argmax(x: Tensor, axis: int = -1, keep_dims: bool = True, output_dtype: str = "int32") -> Tensor:
    return x.argmax(axis, keepdim=keep_dims).to(TORCH_TYPES[output_dtype])


@_computes("reduce_argmin")
def _reduce_argmin(x: Tensor, axis: int = -1, keep_dims: bool = True, output_dtype: str = "int32") -> Tensor:
    return x.argmin(axis, keepdim=keep_dims).to(TORCH_TYPES[output_dtype])
