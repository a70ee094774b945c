"""From a user's mesh to a rig's: a similarity, then a smooth warp through pairs of points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sdk.errors import UsageError
from sdk.rigs.rigid import Doubles, check_spread

KERNEL = "thin_plate_spline"
SMOOTHING = 1000.0
"""Of a pair with weight 1, as SciPy defines it: the greater, the less the warp follows single pairs. Kernel and number
are those of the least error over landmarks that are exact, 3 mm and 6 mm off, and few (docs/fitting.md)."""

FLAT, FLAT_KERNEL = 1.0, "linear"
"""Few points, or points within so many millimetres of a plane, cannot carry `KERNEL`; this one needs no more."""

MIRRORED = 0.5
"""If turning left and right round brings the error below this share, the landmarks are mirrored."""

STRETCH = 3.0
"""No warp of one head to another stretches or shrinks more than this in any direction; more is held back."""

DIFFERENCE = 0.05
"""Millimetres of the central differences that give the warp's derivative."""


@dataclass(frozen=True, eq=False)
class Similarity:
    """``scale * rotation @ point + translation``.

    Attributes:
        scale: above 0.
        rotation: (3, 3), proper.
        translation: (3,) millimetres.
    """

    scale: float
    rotation: Doubles
    translation: Doubles

    def apply(self, points: Doubles) -> Doubles:
        """(N, 3) points of the user's mesh, near the rig's."""
        moved: Doubles = self.scale * points @ self.rotation.T + self.translation
        return moved


def fit_similarity(source: Doubles, target: Doubles, weights: Doubles) -> Similarity:
    """The similarity with the least weighted squares between `source` and `target`.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE PAMI 1991;
    the rotation is SciPy's `Rotation.align_vectors`.

    Args:
        source: (N, 3).
        target: (N, 3).
        weights: (N,) above 0.

    Raises:
        UsageError: fewer than three pairs, pairs on one line, or left and right are mixed up.
    """
    from scipy.spatial.transform import Rotation

    if len(source) < 3:
        raise UsageError("landmarks", f"are {len(source)}", "give three at least, better twenty")
    for points in (source, target):
        check_spread(points)
    share = (weights / weights.sum())[:, None]
    from_, to = (share * source).sum(axis=0), (share * target).sum(axis=0)
    centred, wanted = source - from_, target - to

    def fit(points: Doubles) -> tuple[Similarity, float]:
        rotation = Rotation.align_vectors(wanted, points, weights=weights)[0].as_matrix()
        turned = points @ rotation.T
        scale = float((share * turned * wanted).sum() / (share * points**2).sum())
        return Similarity(scale, rotation, to - scale * rotation @ from_), float(
            (share * (scale * turned - wanted) ** 2).sum()
        )

    best, error = fit(centred)
    flat = np.linalg.svd(centred, compute_uv=False)[-1] < 0.02 * np.linalg.svd(centred, compute_uv=False)[0]
    if best.scale <= 0 or (not flat and fit(centred * [-1, 1, 1])[1] < MIRRORED**2 * error and error > 1e-6):
        raise UsageError("landmarks", "fit a mirrored face better", "left and right are the face's own; exchange them")
    return best


@dataclass(frozen=True, eq=False)
class Warp:
    """A similarity and a smooth displacement after it.

    Attributes:
        similarity: to the rig's place, size and turn.
        field: SciPy's `RBFInterpolator` of the displacement that is left.
    """

    similarity: Similarity
    field: Any

    def apply(self, points: Doubles) -> Doubles:
        """(N, 3) points of the user's mesh, on the rig's."""
        near = self.similarity.apply(points)
        warped: Doubles = near + self.field(near)
        return warped

    def derivative(self, points: Doubles) -> Doubles:
        """(N, 3, 3): row i, column j is how the warped point's i changes with the point's j.

        Singular values beyond `STRETCH` to either side of the similarity's scale are held there.
        """
        near = self.similarity.apply(points)
        columns = []
        for axis in range(3):
            step = DIFFERENCE * np.eye(3)[axis]
            columns.append((self.field(near + step) - self.field(near - step)) / (2 * DIFFERENCE))
        left, size, right = np.linalg.svd(np.eye(3) + np.stack(columns, axis=2))
        held = (left * np.clip(size, 1 / STRETCH, STRETCH)[:, None, :]) @ right
        derivative: Doubles = held @ (self.similarity.scale * self.similarity.rotation)
        return derivative


def fit_warp(similarity: Similarity, source: Doubles, target: Doubles, weights: Doubles) -> Warp:
    """The warp that takes `source` to about `target`, smooth between them.

    Args:
        similarity: applied first.
        source: (N, 3) of the user's mesh, no two in one place.
        target: (N, 3) on the rig's mesh.
        weights: (N,) above 0; a pair of twice the weight is followed twice as closely.

    Raises:
        UsageError: two of the source's points are in one place.
    """
    from scipy.interpolate import RBFInterpolator

    near = similarity.apply(source)
    if len(np.unique(near.round(6), axis=0)) < len(near):
        raise UsageError("landmarks", "two lie in one place of the source mesh", "leave one of them out")
    solid = len(near) > 4 and np.linalg.matrix_rank(near - near.mean(axis=0), tol=FLAT) == 3
    kernel, degree = (KERNEL, 1) if solid else (FLAT_KERNEL, 0)
    fit: Any = RBFInterpolator
    field = fit(near, target - near, kernel=kernel, smoothing=SMOOTHING / weights, degree=degree)
    return Warp(similarity, field)
