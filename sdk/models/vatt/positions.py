"""Learnt positions: tables of one vector a place, summed over the axes, normalised, added to the tokens.

Akbari et al. 2021, section 3.1; the norm of the summed vector and the resampling are of the published code.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sdk.models.vatt.transformer import EPSILON


class TemporalEmbeddings(nn.Module):
    """Positions along one axis.

    Args:
        buckets: rows of the table.
        width: d.
        dropout: after the addition, in training.
    """

    def __init__(self, buckets: int, width: int, dropout: float) -> None:
        super().__init__()
        self.temporal_position_embeddings = _table(buckets, width)
        self.layernorm = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)

    def vectors(self, length: int) -> Tensor:
        """What is added to `length` tokens, (length, d)."""
        normed: Tensor = self.layernorm(resample(self.temporal_position_embeddings.weight, length))
        return normed

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, n, d) to the same shape."""
        out: Tensor = self.dropout(tokens + self.vectors(tokens.shape[1]))
        return out


class SpatioTemporalEmbeddings(nn.Module):
    """Positions on a grid of time, height and width: one table an axis.

    Args:
        buckets: rows of each table.
        width: d.
        dropout: after the addition, in training.
    """

    def __init__(self, buckets: tuple[int, int, int], width: int, dropout: float) -> None:
        super().__init__()
        self.temporal_position_embeddings = _table(buckets[0], width)
        self.vertical_position_embeddings = _table(buckets[1], width)
        self.horizontal_position_embeddings = _table(buckets[2], width)
        self.layernorm = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)

    def vectors(self, grid: tuple[int, int, int]) -> Tensor:
        """What is added to a grid of tokens, (*grid, d)."""
        time = resample(self.temporal_position_embeddings.weight, grid[0])
        height = resample(self.vertical_position_embeddings.weight, grid[1])
        width = resample(self.horizontal_position_embeddings.weight, grid[2])
        normed: Tensor = self.layernorm(time[:, None, None] + height[:, None] + width)
        return normed

    def forward(self, tokens: Tensor) -> Tensor:
        """A grid (B, t, h, w, d) to the same shape."""
        _, time, height, width, _ = tokens.shape
        out: Tensor = self.dropout(tokens + self.vectors((time, height, width)))
        return out


def resample(table: Tensor, length: int) -> Tensor:
    """A table (N, d) read at `length` places: its rows themselves where that is N.

    Otherwise the natural cubic spline through row i at i / N, read at j / length, and straight on beyond the last row.
    The published code solves a cubic polyharmonic spline, which in one dimension is that spline, but in float32 with an
    ill-conditioned system: at 1,200 rows its result is noise. This one is computed in float64.

    Args:
        table: (N, d).
        length: at least 1.
    """
    if length == len(table):
        return table
    weights = torch.from_numpy(spline_weights(len(table), length)).to(table)
    return weights @ table


@lru_cache(maxsize=16)
def spline_weights(rows: int, length: int) -> NDArray[np.float64]:
    """The linear map (length, rows) from a table to its spline, see `resample`."""
    if rows == 1:
        return np.ones((length, 1))
    identity = np.eye(rows)
    curvature = np.zeros((rows, rows))  # second derivatives at the rows; zero at both ends
    if rows > 2:
        inner = rows - 2
        system = 4 * np.eye(inner) + np.eye(inner, k=1) + np.eye(inner, k=-1)
        curvature[1:-1] = np.linalg.solve(system, 6 * np.diff(identity, 2, axis=0))
    place = np.arange(length) * (rows / length)
    left = np.minimum(place.astype(int), rows - 2)
    part = (place - left)[:, None]
    start, end = identity[left], identity[left + 1]
    bend, bend_end = curvature[left], curvature[left + 1]
    inside = (
        (1 - part) * start + part * end + ((1 - part) ** 3 - (1 - part)) * bend / 6 + (part**3 - part) * bend_end / 6
    )
    slope = end - start + bend / 6  # at the last row, where the curvature is zero
    weights: NDArray[np.float64] = np.where(part <= 1, inside, end + (part - 1) * slope)
    return weights


def _table(buckets: int, width: int) -> nn.Embedding:
    table = nn.Embedding(buckets, width)
    deviation = width**-0.5
    nn.init.trunc_normal_(table.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
    return table
