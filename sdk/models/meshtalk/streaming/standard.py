"""Faces as the networks read them: in deviations from the mean face."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class StandardFace(nn.Module):
    """A face less the mean face, over the deviation of each number.

    Args:
        numbers: of a face, V * P.
    """

    full_precision = True
    """A published face has coordinates of up to 200 mm, which half precision rounds to steps of 0.125 mm. For a face
    near the mean, such as the mean itself in place of a template that nobody gave, there would be nothing but steps."""

    mean: Tensor  # (1, V * P)
    deviation: Tensor  # (1, V * P)

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, numbers))
        self.register_buffer("deviation", torch.ones(1, numbers))

    def forward(self, face: Tensor) -> Tensor:
        """V * P numbers of any shape, in the face's unit, to (1, V * P) deviations."""
        return (face.reshape(self.mean.shape) - self.mean) / self.deviation
