"""Two numbers for a state tensor, so that a trace can follow every leaf of the state without storing it.

Definition, the same in every language. Let x be the leaf's n elements in C order, and s(i) a sign fixed by the
element's index i = 0..n-1:

    rms        = sqrt(sum_i x(i)^2 / n)
    projection = sum_i s(i) x(i) / sqrt(n)

Both are summed in float64 and stored as float32. The sign is +1 if the top bit of ``mix(i + 1)`` is 0, else -1, with
``mix`` the 32-bit finaliser of MurmurHash3 (Austin Appleby, public domain, smhasher MurmurHash3.cpp ``fmix32``) on
unsigned 32-bit integers that wrap:

    h ^= h >> 16;  h *= 0x85ebca6b;  h ^= h >> 13;  h *= 0xc2b2ae35;  h ^= h >> 16

For independent elements the projection is as large as the rms; unlike it, it sees order, sign and a shift. The first
signs are + + - + - + + +. A leaf with a NaN has NaN digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sdk.runtime.executor import Array


@lru_cache(maxsize=128)
def signs(count: int) -> NDArray[np.float64]:
    """s(0..count-1): +1 or -1, shape (count,). Read-only."""
    h = np.arange(1, count + 1, dtype=np.uint32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    pattern = np.where(h >> np.uint32(31), -1.0, 1.0)
    pattern.setflags(write=False)
    return pattern


def leaf_digest(leaf: Array) -> tuple[float, float]:
    """(rms, projection) of one tensor of any shape with at least one element."""
    flat = np.asarray(leaf, np.float64).reshape(-1)
    scale = 1.0 / np.sqrt(flat.size)
    return float(np.sqrt(flat @ flat) * scale), float(flat @ signs(flat.size) * scale)


def state_digest(state: Mapping[str, Array]) -> Array:
    """Digests of named leaves in the mapping's order, (leaves, 2) float32: column 0 rms, column 1 projection."""
    return np.array([leaf_digest(leaf) for leaf in state.values()], np.float32).reshape(-1, 2)
