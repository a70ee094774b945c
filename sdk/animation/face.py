"""A mesh with named shapes and looks, as the formats that draw a face hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sdk.errors import UsageError
from sdk.rigs.head import Floats, Head, Indices, default_head, vertex_normals
from sdk.rigs.rigged_head import shapes_for
from sdk.rigs.surfaces import Surface, surfaces
from sdk.rigs.units import MILLIMETRES

METRES: Mapping[str, float] = {unit: length / 1000 for unit, length in MILLIMETRES.items()}
"""Metres a unit of length; glTF is in metres, and the USD files here are too."""

SURFACES = ("skin", "mouth", "eye_left", "eye_right", "teeth", "tongue")
"""Names of what `sdk.rigs.surfaces.surfaces` gives, in its order."""

PLAIN = (190, 180, 172)
"""Colour of a mesh whose looks are not known."""


@dataclass(frozen=True, eq=False)
class Face:
    """A triangle mesh at rest, in metres: x to the face's own left, y up, z forward for the default head.

    Attributes:
        vertices: (V, 3).
        names: of the shapes, K of them; none for a mesh that is moved by its vertices.
        shapes: (K, V, 3) displacement at weight 1.
        surfaces: name -> triangles and looks; each triangle is in one surface.
    """

    vertices: Floats
    names: tuple[str, ...]
    shapes: Floats
    surfaces: Mapping[str, Surface]

    @property
    def triangles(self) -> Indices:
        """(F, 3) of all surfaces, in their order."""
        return np.concatenate([surface.triangles for surface in self.surfaces.values()])

    @cached_property
    def normals(self) -> tuple[Floats, Floats]:
        """(V, 3) unit normals at rest, and (K, V, 3) what each shape adds to them at weight 1.

        Shading between the two is linear, as the formats have it. Changes below 0.001 (0.06 degrees) are left out.
        """
        triangles = self.triangles
        rest = vertex_normals(self.vertices, triangles)
        moved = np.zeros_like(self.shapes)
        for number, shape in enumerate(self.shapes):
            change = vertex_normals(self.vertices + shape, triangles) - rest
            moved[number] = np.where(np.abs(change).max(axis=1, keepdims=True) > 1e-3, change, 0)
        return rest, moved


def face_of_head(head: Head | None = None, channels: Sequence[str] = ()) -> Face:
    """The default head, or `head`, with its painted surfaces and a shape for each of `channels`.

    The channels are a channel set of the SDK (`sdk.rigs.rigged_head`); for others the shapes are the head's own.
    """
    head = head or default_head()
    parts = dict(zip(SURFACES, surfaces(head), strict=True))
    shapes = None if set(channels) <= set(head.channels) else shapes_for(head, channels)
    names = head.channels if shapes is None else tuple(channels)
    return Face(metres(head.vertices, "mm"), names, metres(head.shapes if shapes is None else shapes, "mm"), parts)


def face_of_mesh(vertices: Floats, triangles: Indices, unit: str) -> Face:
    """A user's mesh without shapes: (V, 3) in `unit` and (F, 3).

    Raises:
        UsageError: `unit` is no length.
    """
    if unit not in METRES:
        raise UsageError("the bundle's unit", f"{unit!r} is no length", f"export with one of {', '.join(METRES)}")
    shapes = np.zeros((0, *vertices.shape), np.float32)
    return Face(metres(vertices, unit), (), shapes, {"face": Surface(triangles, colour=PLAIN)})


def metres(lengths: Floats, unit: str) -> Floats:
    """`lengths` in `unit` as metres, rounded once."""
    return (lengths.astype(np.float64) * METRES[unit]).astype(np.float32)


def shape_numbers(channels: Sequence[str], face: Face) -> list[int]:
    """The shape of `face` that each channel moves, by name.

    Raises:
        UsageError: the face has no shape of a channel's name.
    """
    missing = [name for name in channels if name not in face.names]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        mend = "write .csv, .json, .npz or .anim, which need no mesh, or leave --rig out"
        raise UsageError("the face", f"has no shape for {len(missing)} of {len(channels)} channels ({shown})", mend)
    return [face.names.index(name) for name in channels]
