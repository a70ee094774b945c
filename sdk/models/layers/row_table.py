"""Rows looked up by number: what a one-hot vector picks from a matrix, without the product."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RowTable(nn.Module):
    """A constant table whose rows a stage reads by number.

    A layer of its own, so that exporters find it: read a few rows at a time, it can be stored in fewer bits at no cost.

    Args:
        count, width: of the rows.
    """

    rows: Tensor  # (count, width)

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(count, width))

    def forward(self, numbers: Tensor) -> Tensor:
        """Row numbers (n,) int64 to rows (n, width)."""
        return F.embedding(numbers, self.rows)
