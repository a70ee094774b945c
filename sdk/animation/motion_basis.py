"""A few shapes for the motion of one clip, where a model gives vertices and not weights.

The formats move a face by weights of shapes. The shapes that reproduce a clip best in the mean square are the first
right singular vectors of its displacements. They are found by subspace iteration (Halko, Martinsson, Tropp 2011,
"Finding structure with randomness", SIAM Review 53, algorithm 4.4), which reads the clip a few hundred frames at a
time, so that it need not fit in memory. A model whose last layer is linear with d inputs moves in d dimensions: as many
shapes are then exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.head import Floats

MOST = 128
"""Shapes of a clip; published FaceFormer decoders have 64 and 128 inputs."""

SPARE, ITERATIONS, CHUNK = 8, 2, 256
"""Dimensions searched beyond `MOST`, passes that sharpen the search, and frames read at a time."""

SMALLEST = 1e-6
"""Metres: a shape that moves no vertex of the clip as far is left out."""


@dataclass(frozen=True, eq=False)
class MotionBasis:
    """``rest + weights @ shapes`` is the clip.

    Attributes:
        shapes: (K, V, 3), K >= 1, in the unit of the clip, the largest motion first.
        weights: (T, K) in [-1, 1]; each shape reaches 1 or -1, but for the one shape of a clip that stands still.
        error: greatest distance of a vertex from where the clip has it.
    """

    shapes: Floats
    weights: Floats
    error: float


def motion_basis(clip: Floats, rest: Floats, smallest: float = SMALLEST, most: int = MOST) -> MotionBasis:
    """The basis of a (T, V, 3) clip, which may be mapped from a file, around (V, 3) vertices at rest."""
    frames, vertices = len(clip), rest.size // 3
    size = min(frames, rest.size, most + SPARE)
    sketch = np.random.default_rng(0).standard_normal((size, frames))
    rows = times_clip(sketch, clip, rest)
    for _ in range(ITERATIONS):
        rows = times_clip(np.linalg.qr(clip_times(clip, rest, spanned(rows)))[0].T, clip, rest)
    basis = spanned(rows)
    left, strength, right = np.linalg.svd(clip_times(clip, rest, basis), full_matrices=False)
    weights, shapes = (left * strength)[:, :most], (right @ basis.T)[:most]
    peak = np.abs(weights).max(axis=0, initial=0)
    reach = peak * np.linalg.norm(shapes.reshape(len(shapes), vertices, 3), axis=2).max(axis=1, initial=0)
    kept = reach > smallest
    kept[0] = True
    scale = np.where(peak > 0, peak, 1)[kept]
    found = (shapes[kept] * scale[:, None]).astype(np.float32)
    scaled = (weights[:, kept] / scale).astype(np.float32)
    error = 0.0
    for first in range(0, frames, CHUNK):
        apart = displacements(clip, rest, first) - scaled[first : first + CHUNK].astype(np.float64) @ found
        error = max(error, float(np.linalg.norm(apart.reshape(-1, 3), axis=1).max()))
    return MotionBasis(found.reshape(-1, vertices, 3), scaled, error)


def displacements(clip: Floats, rest: Floats, first: int) -> NDArray[np.float64]:
    """(n, 3 V) of up to `CHUNK` frames from `first` on."""
    chunk = clip[first : first + CHUNK].astype(np.float64) - rest
    return chunk.reshape(len(chunk), -1)


def spanned(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3 V, k) orthonormal columns that span the rows."""
    columns: NDArray[np.float64] = np.linalg.qr(rows.T)[0]
    return columns


def times_clip(left: NDArray[Any], clip: Floats, rest: Floats) -> NDArray[np.float64]:
    """``left (k, T) @ displacements (T, 3 V)``."""
    total = np.zeros((len(left), rest.size))
    for first in range(0, len(clip), CHUNK):
        total += left[:, first : first + CHUNK] @ displacements(clip, rest, first)
    return total


def clip_times(clip: Floats, rest: Floats, right: NDArray[Any]) -> NDArray[np.float64]:
    """``displacements (T, 3 V) @ right (3 V, k)``."""
    parts = [displacements(clip, rest, first) @ right for first in range(0, len(clip), CHUNK)]
    return np.concatenate(parts)
