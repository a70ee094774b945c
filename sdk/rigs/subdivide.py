"""Loop's subdivision as a matrix: four triangles for each, on a smooth surface, at the cost of one product a frame.

Charles Loop, "Smooth Subdivision Surfaces Based on Triangles", 1987. Where the finer vertices lie is linear in where
the coarse ones do, so that the rule is worked out once for a mesh, and not again for each of its poses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from sdk.rigs.head import Floats, Indices


@dataclass(frozen=True, eq=False)
class Subdivision:
    """A finer mesh.

    Attributes:
        weights: sparse (W, V): row w holds the shares that the coarse vertices have in fine vertex w.
        triangles: (4 F, 3) fine vertices, turned as the coarse ones.
        corners: sparse (W, 4 F): 1 where a triangle touches a vertex.
    """

    weights: csr_array
    triangles: Indices
    corners: csr_array

    def surface(self, vertices: Floats) -> tuple[Floats, Floats]:
        """Fine vertices (W, 3) and their unit normals (W, 3) of coarse vertices (V, 3)."""
        fine: Floats = self.weights @ vertices
        a, b, c = (np.take(fine, self.triangles[:, corner], axis=0) for corner in range(3))
        u, v = b - a, c - a
        facing = np.empty_like(u)
        for axis in range(3):  # np.cross takes three times as long
            one, two = (axis + 1) % 3, (axis + 2) % 3
            facing[:, axis] = u[:, one] * v[:, two] - u[:, two] * v[:, one]
        normals: Floats = self.corners @ facing
        length = np.sqrt(np.einsum("ij,ij->i", normals, normals))[:, None]
        normals /= np.maximum(length, np.float32(1e-12))
        return fine, normals


def subdivision(triangles: Indices, vertices: int) -> Subdivision:
    """The finer mesh of triangles (F, 3) on `vertices` vertices, each of which a triangle touches.

    Within the mesh an edge's vertex takes 3/8 of its ends and 1/8 of the corners across, and a vertex of n neighbours
    keeps 1 - n beta, beta = (5/8 - (3/8 + cos(2 pi / n) / 4)^2) / n. On the border it is 1/2 and 1/2 of the ends, and
    3/4 of the vertex with 1/8 of each neighbour along the border.
    """
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    across = np.concatenate([triangles[:, 2], triangles[:, 0], triangles[:, 1]])
    edges, edge_of, faces = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True, return_counts=True)
    edge_of = edge_of.reshape(-1)
    border = faces == 1
    new = vertices + np.arange(len(edges))
    rows, columns, shares = [], [], []

    def add(row: np.ndarray, column: np.ndarray, share: np.ndarray | float) -> None:
        rows.append(row)
        columns.append(column)
        shares.append(np.broadcast_to(share, row.shape))

    for end in range(2):
        add(new, edges[:, end], np.where(border, 1 / 2, 3 / 8))
    within = ~border[edge_of]
    add(new[edge_of[within]], across[within], 1 / 8)

    rim = edges[border]
    rim_neighbours = np.bincount(rim.reshape(-1), minlength=vertices)  # four where two borders touch
    on_rim = rim_neighbours > 0
    neighbours = np.bincount(edges.reshape(-1), minlength=vertices)
    valence = np.maximum(neighbours, 1)
    beta = (5 / 8 - (3 / 8 + np.cos(2 * np.pi / valence) / 4) ** 2) / valence
    add(np.arange(vertices), np.arange(vertices), np.where(on_rim, 1 - rim_neighbours / 8, 1 - neighbours * beta))
    for one, other in ((0, 1), (1, 0)):
        add(rim[:, one], rim[:, other], 1 / 8)
        inner = ~on_rim[edges[:, one]]
        add(edges[inner, one], edges[inner, other], beta[edges[inner, one]])

    size = vertices + len(edges)
    entries = (np.concatenate(shares).astype(np.float32), (np.concatenate(rows), np.concatenate(columns)))
    weights = coo_array(entries, shape=(size, vertices)).tocsr()
    first, second, third = new[edge_of.reshape(3, -1)]
    a, b, c = triangles.T
    # The four in the place of each come one after the other: who draws them shades the corners they share once.
    fine = np.stack([a, first, third, first, b, second, third, second, c, first, second, third], axis=1)
    fine = fine.reshape(-1, 3).astype(np.int32)
    touched = np.repeat(np.arange(len(fine))[:, None], 3, axis=1)
    marks = np.ones(fine.size, np.float32)
    corners = coo_array((marks, (fine.reshape(-1), touched.reshape(-1))), shape=(size, len(fine))).tocsr()
    return Subdivision(weights, fine, corners)
