"""Categorical quantisation: log-probabilities to one class a head, by argmax or by hard Gumbel-softmax.

Jang et al. 2017, "Categorical Reparameterization with Gumbel-Softmax", at temperature 1. Chance enters as uniforms,
never from inside, so that every device draws alike.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

LOWEST_UNIFORM = 1e-10
"""Uniforms are raised to this before their logarithm, as published."""


def gumbel_noise(uniforms: Tensor) -> Tensor:
    """Standard Gumbel noise from uniforms in [0, 1], any shape."""
    return -torch.log(-torch.log(uniforms.clamp(LOWEST_UNIFORM, 1.0)))


def choose(logprobs: Tensor, uniforms: Tensor | None = None) -> Tensor:
    """Labels (...) of log-probabilities (..., C): the likeliest, or drawn with uniforms of the same shape."""
    return (logprobs if uniforms is None else logprobs + gumbel_noise(uniforms)).argmax(-1)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels (...) to float one-hot vectors (..., C)."""
    return F.one_hot(labels, classes).float()


def straight_through(logprobs: Tensor, uniforms: Tensor, strength: float = 1.0) -> Tensor:
    """One-hot samples (..., C) whose gradient is that of the soft sample (Jang et al. 2017, section 2.2).

    Args:
        logprobs: (..., C).
        uniforms: (..., C) in [0, 1].
        strength: factor of the noise; at 1 the samples are those of the distribution.
    """
    soft = (logprobs + strength * gumbel_noise(uniforms)).softmax(-1)
    hard = one_hot(soft.argmax(-1), logprobs.shape[-1])
    return hard + (soft - soft.detach())
