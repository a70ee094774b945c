"""Embeddings on the unit sphere, where a product is a cosine."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAST = 1e-6
"""Added to the mean square of an embedding before it is divided by its root."""


class UnitLength(nn.Module):
    """Rows of any size to length 1.

    Args:
        width: of a row.
    """

    average: Tensor  # (1, width) constant
    least: Tensor  # (1,) constant

    def __init__(self, width: int) -> None:
        super().__init__()
        # A mean as a constant linear: XNNPACK has no reduction and would leave its delegate for it.
        self.register_buffer("average", torch.full((1, width), 1 / width), persistent=False)
        # As its bias: a scalar added to a linear without one crashes coremltools 9.
        self.register_buffer("least", torch.full((1,), LEAST), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) to the same shape."""
        mean_square = F.linear(x * x, self.average, self.least)
        unit: Tensor = x * torch.rsqrt(mean_square) * self.average.shape[1] ** -0.5
        return unit
