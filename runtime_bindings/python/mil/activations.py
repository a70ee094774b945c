"""Activation functions, with the formulas and the defaults of the documentation."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)

_PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "relu6": F.relu6,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softplus": F.softplus,
    "softsign": F.softsign,
}


def _put(operation: str, function: Callable[[Tensor], Tensor]) -> None:
    @_computes(operation)
    def _apply(x: Tensor) -> Tensor:
        return function(x)


for _name, _function in _PLAIN.items():
    _put(_name, _function)


@_computes("clamped_relu")
def _clamped_relu(x: Tensor, alpha: float, beta: float) -> Tensor:
    return torch.where(x >= 0, x, alpha * x).clip(max=beta)


@_computes("elu")
def _elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return F.elu(x, alpha)


@_computes("gelu")
def _gelu(x: Tensor, mode: str = "EXACT") -> Tensor:
    if mode == "SIGMOID_APPROXIMATION":
        return x * torch.sigmoid(1.702 * x)
    return F.gelu(x, approximate="none" if mode == "EXACT" else "tanh")


@_computes("leaky_relu")
def _leaky_relu(x: Tensor, alpha: float = 0.01) -> Tensor:
    return F.leaky_relu(x, alpha)


@_computes("linear_activation")
def _linear_activation(x: Tensor, alpha: float, beta: float = 0.0) -> Tensor:
    return alpha * x + beta


@_computes("prelu")
def _prelu(x: Tensor, alpha: Tensor) -> Tensor:
    return F.prelu(x, alpha)


@_computes("scaled_tanh")
def _scaled_tanh(x: Tensor, alpha: float = 1.0, beta: float = 1.0) -> Tensor:
    return alpha * torch.tanh(beta * x)


@_computes("sigmoid_hard")
def _sigmoid_hard(x: Tensor, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    return (alpha * x + beta).clip(0, 1)


@_computes("softplus_parametric")
def _softplus_parametric(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    # One alpha and one beta a channel (axis 1).
    sides = [-1] + [1] * (x.ndim - 2)
    return alpha.reshape(sides) * F.softplus(beta.reshape(sides) * x)


@_computes("thresholded_relu")
def _thresholded_relu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(x >= alpha, x, 0.0)


@_computes("softmax")
def _softmax(x: Tensor, axis: int = -1) -> Tensor:
    return x.softmax(axis)
