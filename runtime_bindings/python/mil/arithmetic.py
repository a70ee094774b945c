"""Elementwise operations and comparisons."""

from __future__ import annotations

from collections.abc import Callable

import torch
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
    "acos": torch.acos,
    "asin": torch.asin,
    "atan": torch.atan,
    "atanh": torch.atanh,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "floor": torch.floor,
    "logical_not": torch.logical_not,
    "round": torch.round,
    "sign": torch.sign,
    "sin": torch.sin,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "tan": torch.tan,
    "tanh": torch.tanh,
}
_BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "equal": torch.eq,
    "floor_div": torch.floor_divide,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mod": torch.remainder,
    "mul": torch.mul,
    "not_equal": torch.ne,
    "pow": torch.pow,
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


@_computes("real_div")
def _real_div(x: Tensor, y: Tensor) -> Tensor:
    return torch.div(x, y, rounding_mode=None if x.is_floating_point() else "trunc")


@_computes("cast")
def _cast(x: Tensor, dtype: str) -> Tensor:
    return x.to(TORCH_TYPES[dtype])


# The epsilons are part of these operations' definitions, added before the function is taken.
@_computes("log")
def _log(x: Tensor, epsilon: float = 1e-45) -> Tensor:
    return (x + epsilon).log()


@_computes("rsqrt")
def _rsqrt(x: Tensor, epsilon: float = 1e-12) -> Tensor:
    return (x + epsilon).rsqrt()


@_computes("inverse")
def _inverse(x: Tensor, epsilon: float = 1e-4) -> Tensor:
    return (x + epsilon).reciprocal()


@_computes("clip")
def _clip(x: Tensor, alpha: float, beta: float) -> Tensor:
    return x.clip(alpha, beta)


@_computes("threshold")
def _threshold(x: Tensor, alpha: float) -> Tensor:
    return x.clip(min=alpha)


@_computes("cumsum")
def _cumsum(x: Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    if reverse:
        x = x.flip(axis)
    total = x.cumsum(axis).to(x.dtype)
    if exclusive:
        total = total.roll(1, axis)
        total.select(axis, 0).zero_()
    return total.flip(axis) if reverse else total
