"""A table of few values for the weights of one layer: k-means in one dimension, the same result every time.

Weights in half precision have few distinct values, so that k-means runs on those, each with the number of weights that
have it, and takes milliseconds for a layer of any size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_ROUNDS = 100


def palette(weights: NDArray[Any], bits: int) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """The ``2 ** bits`` values that stand for `weights` with little squared error (Lloyd 1982, from quantiles).

    The error is without bias: the stored weights' product with `weights` is that of `weights` with itself.

    Args:
        weights: any shape, finite.

    Returns:
        The values, rising, in the type of `weights`; and for each weight in row-major order the index of its value.
    """
    size = 2**bits
    values, places, counts = np.unique(weights, return_inverse=True, return_counts=True)
    wide = values.astype(np.float64)
    means = wide if len(wide) <= size else _means(wide, counts.astype(np.float64), size)
    nearest = np.searchsorted(_middles(means), wide)
    # A mean lies nearer to zero than the weights beyond it, so k-means makes each layer a little weaker, and layers in
    # a row many times so. This factor, not for the choice of the nearest, gives the length back.
    along = float(np.sum(counts * wide * means[nearest]))
    entries = (means * (float(np.sum(counts * wide**2)) / along if along else 1.0)).astype(weights.dtype)
    filled = np.concatenate([entries, np.repeat(entries[-1:], size - len(entries))])
    return filled, nearest.astype(np.uint8)[places.ravel()]


def _means(values: NDArray[np.float64], counts: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    total = np.concatenate([[0.0], np.cumsum(counts)])
    weighted = np.concatenate([[0.0], np.cumsum(counts * values)])
    shares = (np.arange(size) + 0.5) / size * total[-1]
    means = np.unique(values[np.searchsorted(total[1:], shares)])
    means = _without_gaps(means, values, size)
    for _ in range(MOST_ROUNDS):
        ends = np.searchsorted(values, _middles(means), side="right")
        ends = np.concatenate([[0], ends, [len(values)]])
        inside = np.diff(total[ends])
        moved = np.where(inside > 0, np.diff(weighted[ends]) / np.maximum(inside, 1), means)
        if np.array_equal(moved, means):
            break
        means = np.sort(moved)
    return means


def _without_gaps(means: NDArray[np.float64], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """As many starting values as wanted, where quantiles fell together: the missing ones spread over the range."""
    spare = np.setdiff1d(np.linspace(values[0], values[-1], 2 * size), means)
    missing = size - len(means)
    return np.sort(np.concatenate([means, spare[np.linspace(0, len(spare) - 1, missing).astype(int)]]))


def _middles(rising: NDArray[np.float64]) -> NDArray[np.float64]:
    return (rising[1:] + rising[:-1]) / 2
