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

    Args:
        weights: any shape, finite.

    Returns:
        The values, rising, in the type of `weights`; and for each weight in row-major order the index of its value.
    """
    size = 2**bits
    values, places, counts = np.unique(weights, return_inverse=True, return_counts=True)
    table = values.astype(np.float64)
    if len(table) > size:
        table = _means(table, counts.astype(np.float64), size)
    entries = np.unique(table.astype(weights.dtype))
    nearest = np.searchsorted(_middles(entries.astype(np.float64)), values.astype(np.float64))
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
