"""The published training loss."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def vertex_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over all coordinates of all frames, in squared units of the vertices.

    Published as ``mean(MSELoss(vertices, ground truth))`` over absolute positions: no velocity term, no weighting.

    Args:
        predicted: (1, T, V * 3).
        target: (1, T, V * 3).
    """
    return F.mse_loss(predicted, target)
