"""The nearest point on a surface that faces the same way.

Facing decides at the mouth and the eyelids, where two surfaces lie against each other: a point of the upper lip must
not find the lower one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.rigid import Doubles

FACING = 8.0
"""Millimetres that a right angle between two normals counts for: about the height of a lip."""

TURNED = 0.5
"""Cosine down to which a turned normal costs nothing: a vertex on an edge faces between the triangles around it."""

CANDIDATES = 48
"""Triangles tried for each point: those whose middle and normal are nearest."""

BATCH = 2048
"""Points looked for at once, so that memory stays below 100 MB."""


def unit_normals(vertices: Doubles, triangles: NDArray[np.integer[Any]]) -> Doubles:
    """(F, 3) normals of the triangles; zero where one has no area."""
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: Doubles = np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)
    return unit


def closest_points(
    points: Doubles, normals: Doubles, vertices: Doubles, triangles: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], Doubles, Doubles]:
    """For each point the place on a mesh that is nearest in distance and facing.

    Args:
        points: (N, 3) millimetres.
        normals: (N, 3) unit length, or zero where none is known.
        vertices: (V, 3) millimetres.
        triangles: (F, 3).

    Returns:
        (N, 3) corners, vertices of the triangle found; (N, 3) barycentric; (N,) distance in millimetres.
    """
    import trimesh
    from scipy.spatial import cKDTree

    geometry: Any = trimesh.triangles  # whose functions have no types

    facing = unit_normals(vertices, triangles)
    middles = vertices[triangles].mean(axis=1)
    tree = cKDTree(np.hstack([middles, FACING / np.sqrt(2) * facing]))
    tried = min(CANDIDATES, len(triangles))
    found = np.zeros(len(points), np.int64)
    places = np.zeros((len(points), 3))
    for first in range(0, len(points), BATCH):
        part = slice(first, min(first + BATCH, len(points)))
        here, normal = points[part], normals[part]
        _, candidates = tree.query(np.hstack([here, FACING / np.sqrt(2) * normal]), k=tried)
        candidates = candidates.reshape(len(here), tried)
        repeated = np.repeat(here, tried, axis=0)
        places_of = geometry.closest_point(vertices[triangles[candidates.ravel()]], repeated)
        places_of = places_of.reshape(len(here), tried, 3)
        away = ((places_of - here[:, None]) ** 2).sum(axis=2)
        turned = np.maximum(TURNED - np.einsum("nd,nkd->nk", normal, facing[candidates]), 0) / TURNED
        best = (away + FACING**2 * turned).argmin(axis=1)
        rows = np.arange(len(here))
        found[part], places[part] = candidates[rows, best], places_of[rows, best]
    corners = triangles[found].astype(np.int64)
    barycentric = geometry.points_to_barycentric(vertices[corners], places)
    barycentric = np.clip(np.nan_to_num(barycentric, nan=1 / 3), 0, 1)
    barycentric /= barycentric.sum(axis=1, keepdims=True)
    return corners, barycentric, np.linalg.norm(places - points, axis=1)
