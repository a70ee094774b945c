"""The SDK's default head as one file for the page: its surfaces, refined, and the linear map that moves them.

::

    python samples/web/make_head.py head.safetensors

The page moves the head's own vertices: by the 52 ARKit shapes, or by the vertices that a model gives. What it draws is
finer: each surface divided once by Loop's scheme (Loop 1987, "Smooth Subdivision Surfaces Based on Triangles"), which
is linear, so that a sparse matrix made here takes moved vertices to smooth ones.

| tensor | type | meaning |
|---|---|---|
| vertices | F32 (V, 3) | at rest, millimetres |
| shape_starts, shape_vertices, shape_deltas | I32 (53,), I32 (S,), F32 (S, 3) | what a shape moves, and how far |
| N.triangles | I32 (F, 3) | of surface N |
| N.starts, N.columns, N.weights | I32 (n + 1,), I32 (k,), F32 (k,) | its n refined vertices as sums over the head's |
| N.coordinates, N.texture | F32 (n, 2), U8 (h, w, 4) | if it has a picture; row 0 of the picture is the lowest |

The metadata holds the names of the shapes and the looks of the surfaces as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from sdk.rigs.head import Head, default_head
from sdk.rigs.render import Surface, surfaces

Integers = NDArray[np.int64]
Entries = tuple[Integers, Integers, NDArray[np.float64]]
"""Row, column and value of each entry of a matrix that is not 0."""
NAMES = ("skin", "cavity", "eye", "eye", "teeth", "tongue")
"""Of the surfaces that `sdk.rigs.render.surfaces` gives, in its order."""

SMALLEST = 5e-3
"""Millimetres: shapes are stored in steps of twice this size."""


def head_file(head: Head | None = None) -> bytes:
    """The bytes of the file described above."""
    head = head or default_head()
    moved = [np.flatnonzero(np.abs(shape).max(axis=1) > SMALLEST) for shape in head.shapes]
    tensors: dict[str, NDArray[Any]] = {
        "vertices": head.vertices,
        "shape_starts": np.cumsum([0, *map(len, moved)], dtype=np.int32),
        "shape_vertices": np.concatenate(moved).astype(np.int32),
        "shape_deltas": np.concatenate([shape[rows] for shape, rows in zip(head.shapes, moved, strict=True)]),
    }
    looks = []
    for number, surface in enumerate(surfaces(head)):
        tensors |= {f"{number}.{name}": value for name, value in refined(head, surface).items()}
        looks.append({"name": NAMES[number], "colour": surface.colour, "gloss": surface.gloss})
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    return save(arrays, {"shapes": json.dumps(head.channels), "surfaces": json.dumps(looks)})


def refined(head: Head, surface: Surface) -> dict[str, NDArray[Any]]:
    """The tensors of one surface."""
    used, corners = np.unique(surface.triangles, return_inverse=True)
    triangles, (rows, columns, weights) = loop_subdivision(corners.reshape(-1, 3).astype(np.int64), len(used))
    order = np.lexsort((columns, rows))
    tensors: dict[str, NDArray[Any]] = {
        "triangles": triangles.astype(np.int32),
        "starts": np.cumsum([0, *np.bincount(rows)], dtype=np.int32),
        "columns": used[columns[order]].astype(np.int32),
        "weights": weights[order].astype(np.float32),
    }
    if surface.texture is not None:
        at_rest = np.zeros((len(tensors["starts"]) - 1, 3))
        np.add.at(at_rest, rows, weights[:, None] * head.vertices[used[columns]])
        tensors["coordinates"] = surface.texture.coordinates(at_rest).astype(np.float32)
        pixels = surface.texture.pixels[::-1]
        tensors["texture"] = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=2)
    return tensors


def loop_subdivision(triangles: Integers, vertices: int) -> tuple[Integers, Entries]:
    """Four triangles for each of (F, 3), and the entries of the matrix that makes the refined vertices of the old ones.

    The refined vertices are the old ones, moved, and then one in the middle of each edge.
    """
    sides = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
    edges, edge_of = np.unique(sides, axis=0, return_inverse=True)
    edge_of = edge_of.reshape(-1, 3)
    a, b, c = triangles.T
    ab, bc, ca = (vertices + edge_of).T
    finer = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3)

    border = np.bincount(edge_of.ravel(), minlength=len(edges)) == 1
    middle = vertices + np.arange(len(edges))
    entries = [(middle, edges[:, end], np.where(border, 1 / 2, 3 / 8)) for end in range(2)]
    for side in range(3):
        inner = ~border[edge_of[:, side]]
        opposite = triangles[inner, (side + 2) % 3]
        entries.append((vertices + edge_of[inner, side], opposite, np.full(len(opposite), 1 / 8)))

    on_rim = np.bincount(edges[border].ravel(), minlength=vertices)
    valence = np.bincount(edges.ravel(), minlength=vertices)
    # Warren's weights (1995): 3/16 for three neighbours, else 3/8 shared among them. Where rims touch nothing moves.
    share = np.where(valence == 3, 3 / 16, 3 / (8 * np.maximum(valence, 1)))
    share = np.where(on_rim == 2, 1 / 8, np.where(on_rim > 0, 0, share))
    neighbours = np.where(on_rim == 2, 2, valence)
    entries.append((np.arange(vertices), np.arange(vertices), 1 - neighbours * share))
    for end in range(2):
        vertex, other = edges[:, end], edges[:, 1 - end]
        used = (on_rim[vertex] == 0) | ((on_rim[vertex] == 2) & border)
        entries.append((vertex[used], other[used], share[vertex[used]]))
    rows, columns, weights = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return finer, (rows, columns, weights)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(head_file())
