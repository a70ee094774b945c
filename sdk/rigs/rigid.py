"""The movement of the head as a whole, found from vertices that no shape moves, and taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.errors import UsageError

Doubles = NDArray[np.float64]

STILL = 0.1
"""Millimetres: a vertex that no shape at full weight moves farther counts as still."""

LEAST_SPREAD = 1e-3
"""A rotation is sure only if the still vertices spread in two directions: the second extent over the first."""


@dataclass(frozen=True, eq=False)
class HeadPose:
    """Where a rigid head is: a point at rest goes to ``rotation @ point + translation``.

    Attributes:
        rotation: (3, 3), a proper rotation.
        translation: (3,) millimetres.
    """

    rotation: Doubles
    translation: Doubles

    def undo(self, vertices: Doubles) -> Doubles:
        """(V, 3) points as they would be had the head not moved."""
        unturned: Doubles = (vertices - self.translation) @ self.rotation
        return unturned


def still_vertices(shapes: NDArray[np.floating], limit: float = STILL) -> NDArray[np.int64]:
    """Indices of the vertices that none of the (K, V, 3) shapes moves farther than `limit` millimetres.

    Raises:
        UsageError: there are fewer than three.
    """
    still = np.flatnonzero(np.linalg.norm(shapes, axis=2).max(axis=0) <= limit)
    if len(still) < 3:
        problem = f"{len(still)} vertices stay within {limit} mm under every shape, and a rigid head needs three"
        raise UsageError("still vertices", problem, "name some that hardly move, or align the vertices beforehand")
    return still


def check_spread(points: Doubles) -> None:
    """Refuse (N, 3) points that lie on one line or in one place, since no rotation can be told from them.

    Raises:
        UsageError: they do.
    """
    extents = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if len(extents) < 2 or extents[1] <= LEAST_SPREAD * max(extents[0], np.finfo(float).tiny):
        raise UsageError("still vertices", "lie on one line", "give vertices that spread over the head")


def head_pose(rest: Doubles, seen: Doubles) -> HeadPose:
    """The rotation and shift that bring points at rest nearest to where they are seen, in least squares.

    SciPy's `Rotation.align_vectors` solves it (Kabsch, 1976), reflections excluded.

    Args:
        rest: (N, 3) millimetres, not on one line (see `check_spread`).
        seen: (N, 3) millimetres, the same points.
    """
    from scipy.spatial.transform import Rotation

    from_, to = rest.mean(axis=0), seen.mean(axis=0)
    rotation = Rotation.align_vectors(seen - to, rest - from_)[0].as_matrix()
    return HeadPose(rotation, to - rotation @ from_)
