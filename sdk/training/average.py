"""The exponential moving average of a module's weights: what is judged and shipped (Polyak and Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


def copy_weights(module: nn.Module) -> Weights:
    """A copy of the module's state."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


@torch.no_grad()
def update_average(average: Weights, module: nn.Module, decay: float, step: int) -> None:
    """Move `average`, in place, towards the module's weights after update `step` (from 0).

    The decay starts small, ``(1 + step) / (10 + step)``, so that the random first weights are soon forgotten. What is
    no floating-point number (a counter) is copied.
    """
    decay = min(decay, (1 + step) / (10 + step))
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            average[name].lerp_(tensor, 1 - decay)
        else:
            average[name].copy_(tensor)


@contextmanager
def using(module: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """The module with other weights and in evaluation mode, for the length of a ``with`` block."""
    own, training = copy_weights(module), module.training
    module.load_state_dict(weights)
    module.eval()
    try:
        yield
    finally:
        module.load_state_dict(own)
        module.train(training)
