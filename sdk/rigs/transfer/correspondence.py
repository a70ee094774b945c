"""Which vertex of a user's mesh lies where on a rig's mesh: a handful of landmarks, or every vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.errors import UsageError
from sdk.rigs.rigid import Doubles

Indices = NDArray[np.int64]

SUM_TOLERANCE = 1e-3
"""How far barycentric coordinates, written by hand perhaps, may add up to something other than 1."""


@dataclass(frozen=True, eq=False)
class Correspondence:
    """N pairs of points. A point on the rig lies between three of its vertices, or on one that is named three times.

    Attributes:
        source: (N,) vertices of the user's mesh, each once.
        corners: (N, 3) vertices of the rig's mesh.
        barycentric: (N, 3) share of each corner, not negative; they add up to 1.
        weights: (N,) above 0: how much each pair counts beside the others.
    """

    source: Indices
    corners: Indices
    barycentric: Doubles
    weights: Doubles

    def at(self, values: NDArray[np.floating]) -> Doubles:
        """(..., N, D): what (..., V, D) values at the rig's vertices are at the points."""
        gathered: Doubles = np.einsum("...nkd,nk->...nd", values[..., self.corners, :], self.barycentric)
        return gathered


def checked_pairs(pairs: Correspondence, source_vertices: int, rig_vertices: int) -> Correspondence:
    """`pairs` with barycentric coordinates that add up to 1 exactly.

    Args:
        pairs: of any source.
        source_vertices: how many the user's mesh has.
        rig_vertices: how many the rig's mesh has.

    Raises:
        UsageError: no pairs, an index outside its mesh, a vertex twice, or a number out of range.
    """
    if not len(pairs.source):
        raise UsageError("correspondence", "has no pairs", "give three landmarks at least")
    for name, indices, count in (("source", pairs.source, source_vertices), ("rig", pairs.corners, rig_vertices)):
        if indices.min() < 0 or indices.max() >= count:
            wrong = int(indices.max() if indices.max() >= count else indices.min())
            raise UsageError(f"{name} vertex {wrong}", f"is outside the mesh of {count}", "count vertices from 0")
    vertices, times = np.unique(pairs.source, return_counts=True)
    if times.max() > 1:
        raise UsageError(f"source vertex {vertices[times.argmax()]}", "is paired twice", "pair each vertex once")
    if not np.isfinite(pairs.weights).all() or pairs.weights.min() <= 0:
        raise UsageError("weights", "hold a number that is not above 0", "leave out pairs that do not count")
    total = pairs.barycentric.sum(axis=1)
    if not (np.isfinite(total).all() and pairs.barycentric.min() >= 0 and np.abs(total - 1).max() <= SUM_TOLERANCE):
        raise UsageError("barycentric", "are negative or do not add up to 1", "give shares of the three corners")
    return Correspondence(pairs.source, pairs.corners, pairs.barycentric / total[:, None], pairs.weights)
