"""A user's mesh fitted to a rig: from landmarks to a place on the rig for every vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.errors import MissingDependencyError, UsageError
from sdk.rigs.head import vertex_normals
from sdk.rigs.rigid import Doubles
from sdk.rigs.shape_set import ShapeSet
from sdk.rigs.transfer.closest import closest_points
from sdk.rigs.transfer.correspondence import Correspondence, checked_pairs
from sdk.rigs.transfer.mesh_file import Mesh
from sdk.rigs.transfer.warp import Warp, fit_similarity, fit_warp

CONTROLS = 600
"""Vertices that the warp goes through when it is refined: about 10 mm between them on a face."""

TRUSTED = (20.0, 10.0, 5.0)
"""Millimetres, round by round: pairs farther apart do not shape the warp."""

SAME_PLACE = 1e-6
"""Two vertices nearer than so much of the mesh's largest coordinate are one place."""

LANDMARK_TRUST = 3.0
"""How much more a landmark counts than a pair that was found."""


@dataclass(frozen=True, eq=False)
class TopologyFit:
    """Where a user's mesh lies on a rig.

    Attributes:
        pairs: one for each vertex of the mesh, in their order.
        warp: from the mesh to the rig.
        distance: (V,) millimetres on the rig from the warped vertex to its place on the surface.
        landmark_error: (N,) millimetres on the rig between given pairs after the similarity alone: how much the two
            faces differ in form.
    """

    pairs: Correspondence
    warp: Warp
    distance: Doubles
    landmark_error: Doubles


def fit_topology(mesh: Mesh, rig: ShapeSet, given: Correspondence) -> TopologyFit:
    """Fit `mesh` to `rig` through pairs.

    If every vertex is paired, the pairs stand as they are. If only some are (landmarks), a smooth warp through them
    brings the mesh near the rig, each vertex takes the nearest point that faces the same way, and some hundred of these
    refine the warp, three times.

    Raises:
        UsageError: the pairs do not fit the meshes, are too few or on a line, or are mirrored; or the rig has no
            triangles.
        MissingDependencyError: SciPy or trimesh is not installed.
    """
    require_packages()
    known = checked_pairs(given, len(mesh.vertices), len(rig.vertices))
    surface = rig.vertices.astype(np.float64)
    source, target = mesh.vertices[known.source], known.at(surface)
    similarity = fit_similarity(source, target, known.weights)
    error = np.linalg.norm(similarity.apply(source) - target, axis=1)
    spread = spread_out(mesh.vertices, CONTROLS)
    if len(known.source) == len(mesh.vertices):
        pairs = in_order(known)
        warp = fit_warp(similarity, mesh.vertices[spread], pairs.at(surface)[spread], pairs.weights[spread])
        distance = np.linalg.norm(warp.apply(mesh.vertices) - pairs.at(surface), axis=1)
        return TopologyFit(pairs, warp, distance, error)
    if not len(rig.triangles):
        raise UsageError("the rig", "has no triangles to lie on", "pair every vertex, or give the rig its triangles")
    trust = LANDMARK_TRUST * known.weights
    warp = fit_warp(similarity, source, target, trust)
    spread = away_from(mesh.vertices, spread, known.source)
    for limit in TRUSTED:
        pairs, distance = nearest_pairs(mesh, warp, rig, spread)
        near = distance <= limit
        warp = fit_warp(
            similarity,
            np.concatenate([source, mesh.vertices[spread[near]]]),
            np.concatenate([target, pairs.at(surface)[near]]),
            np.concatenate([trust, np.ones(int(near.sum()))]),
        )
    pairs, distance = nearest_pairs(mesh, warp, rig, np.arange(len(mesh.vertices)))
    return TopologyFit(pairs, warp, distance, error)


def carry_shapes(mesh: Mesh, rig: ShapeSet, fit: TopologyFit) -> ShapeSet:
    """The rig's shapes, regions and landmarks on the user's mesh.

    A displacement d on the rig becomes J^-1 d, with J the derivative of the warp at the vertex: it turns, grows and
    shrinks with the face around it.
    """
    inverse = np.linalg.inv(fit.warp.derivative(mesh.vertices))
    places = fit.pairs.at(rig.vertices)
    return ShapeSet(
        vertices=mesh.vertices.astype(np.float32),
        shapes=np.einsum("vij,kvj->kvi", inverse, fit.pairs.at(rig.shapes)).astype(np.float32),
        channels=rig.channels,
        low=rig.low,
        high=rig.high,
        triangles=mesh.triangles,
        regions={name: fit.pairs.at(mask[:, None])[:, 0].astype(np.float32) for name, mask in rig.regions.items()},
        landmarks={
            name: int(np.linalg.norm(places - rig.vertices[vertex], axis=1).argmin())
            for name, vertex in rig.landmarks.items()
        },
    )


def nearest_pairs(mesh: Mesh, warp: Warp, rig: ShapeSet, rows: NDArray[np.int64]) -> tuple[Correspondence, Doubles]:
    """A place on the rig for the vertices `rows` of the mesh, and its distance from the warped vertex."""
    warped = warp.apply(mesh.vertices)
    normals = vertex_normals(warped.astype(np.float32), mesh.triangles)[rows].astype(np.float64)
    surface = rig.vertices.astype(np.float64)
    corners, barycentric, distance = closest_points(warped[rows], normals, surface, rig.triangles)
    return Correspondence(rows, corners, barycentric, np.ones(len(rows))), distance


def in_order(pairs: Correspondence) -> Correspondence:
    """Pairs of every vertex, in the order of the vertices."""
    order = np.argsort(pairs.source)
    return Correspondence(pairs.source[order], pairs.corners[order], pairs.barycentric[order], pairs.weights[order])


def spread_out(points: Doubles, count: int) -> NDArray[np.int64]:
    """Indices of at most `count` points far from each other: each is the farthest from those before it."""
    chosen = [0]
    nearest = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < count and nearest.max() > SAME_PLACE * np.abs(points).max():
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen, np.int64)


def away_from(points: Doubles, rows: NDArray[np.int64], taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of `rows` that are in the place of none of `taken`; both are indices of `points`.

    Told by the place and not by the index: glTF splits a vertex at a seam of its texture, and the parts share a place.
    """
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(points[taken]).query(points[rows])
    apart: NDArray[np.int64] = rows[distance > SAME_PLACE * np.abs(points).max()]
    return apart


def require_packages() -> None:
    """Fail with the name of the extra if SciPy or trimesh is not installed.

    Raises:
        MissingDependencyError: one is not.
    """
    try:
        import scipy  # noqa: F401
        import trimesh  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError("transfer", str(error), 'install it with pip install "nowface[rigs]"') from error
