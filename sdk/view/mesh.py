"""A mesh and what moves it, as the tensors that the page's scripts read (``web/face.js``, ``web/shapes.js``).

Lengths are whole steps of `STEP` millimetres, and shapes are sparse, as in the head's own file.

| tensor | type | meaning |
|---|---|---|
| vertices | I32 (V, 3) | at rest, in steps |
| shape_counts, shape_steps | I32 (S,), F32 (S,) | how many vertices each shape moves; its own step in mm |
| shape_vertices, shape_deltas | I32 (M,), I16 (M, 3) | which, and how far at weight 1, one shape after the other |
| N.triangles | I32 (F, 3) | of surface N |
| N.texture | U8 (h, w, 3) | if it has a picture; row 0 is the lowest |

The page refines the surfaces itself, by Loop's subdivision.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from sdk.rigs.head import Floats, Head, Indices, default_head
from sdk.rigs.head_file import STEP
from sdk.rigs.paint import BACK, SKIN, UNPAINTED
from sdk.rigs.surfaces import Surface, surfaces

Tensors = dict[str, NDArray[Any]]
NAMES = ("skin", "cavity", "eye", "eye", "teeth", "tongue")
"""Of the surfaces that `sdk.rigs.surfaces.surfaces` gives, in its order."""
DRAWN_HEIGHT = 290.0
"""Millimetres, the default head's own, to which other meshes are drawn."""
MOST_STEPS = np.iinfo(np.int16).max


def head_tensors(head: Head | None = None) -> tuple[Tensors, dict[str, Any]]:
    """The tensors of a head with its shapes, and the description that ``web/face.js`` takes as its mesh."""
    head = head or default_head()
    moved = shape_tensors(head.shapes, STEP)
    tensors, described = _mesh(head.vertices, list(zip(NAMES, surfaces(head), strict=True)))
    return tensors | moved, described | {"shapes": list(head.channels)}


def template_tensors(vertices: Floats, triangles: Indices) -> tuple[Tensors, dict[str, Any]]:
    """The same of any mesh (V, 3) in millimetres with triangles (F, 3): plain skin, no shapes, and where to draw it."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = DRAWN_HEIGHT / max(float(high[1] - low[1]), STEP)
    place = {"scale": scale, "centre": ((low + high) / 2).tolist()}
    none = shape_tensors(np.zeros((0, *vertices.shape), np.float32), STEP)
    tensors, described = _mesh(vertices, [("skin", Surface(triangles, SKIN, gloss=0.12))])
    return tensors | none, described | {"shapes": [], "place": place}


def shape_tensors(shapes: NDArray[np.floating[Any]], step: float) -> Tensors:
    """Displacements (S, V, 3) in millimetres, each rounded to `step`, or to a coarser one if it is too long for that.

    Parts of a shape that round to nothing are left out.
    """
    longest = np.abs(shapes).max(axis=(1, 2), initial=0).astype(np.float64)
    steps = np.maximum(longest / MOST_STEPS, step)
    whole = np.rint(shapes / steps[:, None, None]).astype(np.int16)
    moved = [np.flatnonzero(shape.any(axis=1)) for shape in whole]
    rows = np.repeat(np.arange(len(shapes)), [len(vertices) for vertices in moved])
    chosen = np.concatenate(moved) if moved else np.zeros(0, np.int64)
    return {
        "shape_counts": np.array([len(vertices) for vertices in moved], np.int32),
        "shape_steps": steps.astype(np.float32),
        "shape_vertices": chosen.astype(np.int32),
        "shape_deltas": whole[rows, chosen],
    }


def head_file(head: Head | None = None) -> bytes:
    """A head's tensors as one safetensors file whose metadata hold the description as ``mesh``."""
    tensors, described = head_tensors(head)
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    file: bytes = save(arrays, {"mesh": json.dumps(described)})
    return file


def _mesh(vertices: Floats, parts: Sequence[tuple[str, Surface]]) -> tuple[Tensors, dict[str, Any]]:
    tensors: Tensors = {"vertices": np.rint(vertices.astype(np.float64) / STEP).astype(np.int32)}
    looks = []
    for number, (name, surface) in enumerate(parts):
        tensors[f"{number}.triangles"] = surface.triangles.astype(np.int32)
        look: dict[str, Any] = {"name": name, "colour": surface.colour, "gloss": surface.gloss}
        if (texture := surface.texture) is not None:
            tensors[f"{number}.texture"] = texture.pixels[::-1]
            place = {"corner": texture.corner, "extent": texture.extent, "back": BACK, "unpainted": UNPAINTED}
            look["texture"] = place
        looks.append(look)
    return tensors, {"step": STEP, "surfaces": looks}
