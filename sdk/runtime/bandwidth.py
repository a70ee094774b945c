"""How fast one thread of this machine reads: the floor under a step that must read its weights.

A step of a streaming model is a product of matrices with one vector: each weight is read for one multiplication. So no
step can take less time than reading its artefact does. The rate depends on how much is read: what fits a core's own
cache is read some times faster than what comes from memory, so it is measured for each size.
"""

from __future__ import annotations

import time
from functools import cache

SMALLEST, LARGEST = 2**20, 2**28
"""Bytes of the matrices that are timed. A smaller one measures the call, a larger one is read no slower."""
COLUMNS = 1024
SECONDS = 0.15
"""Of repetitions for one size; the fastest counts, for all that disturbs makes slower."""


def read_seconds(size: int) -> float:
    """Least seconds in which one thread reads `size` bytes again and again, `size` at least 1."""
    return size / read_rate(min(max(SMALLEST, 1 << (size - 1).bit_length()), LARGEST))


@cache
def read_rate(size: int) -> float:
    """Bytes a second of a float32 matrix of `size` bytes in PyTorch on one thread, by whatever reads it faster.

    That is its product with a vector or its sum: on processors that are not Intel's, oneMKL's product reads a matrix
    beyond the second cache at about half the speed of the sum, and stages were faster than such a floor.

    Args:
        size: a power of two, `SMALLEST` to `LARGEST`.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = size // (4 * COLUMNS)
        # Ones, not zeros: pages that were never written are all one page, and are read from the cache.
        matrix, vector, product = torch.ones(rows, COLUMNS), torch.ones(COLUMNS), torch.empty(rows)
        best, end = float("inf"), time.perf_counter() + SECONDS
        while time.perf_counter() < end or best == float("inf"):
            start = time.perf_counter()
            torch.mv(matrix, vector, out=product)
            between = time.perf_counter()
            matrix.sum()
            best = min(best, between - start, time.perf_counter() - between)
    finally:
        torch.set_num_threads(threads)
    return size / best
