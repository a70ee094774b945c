"""The surfaces of a head that are drawn alike: skin, the inside of the mouth, eyes, teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.head import Floats, Head, Indices, vertex_normals
from sdk.rigs.paint import CAVITY, TONGUE, Colour, Texture, eye_texture, skin_texture, teeth_texture

MOUTH_BOX = (36.0, 30.0, 70.0)
"""Half the sides, in millimetres, of a box round the tongue that holds the inside of the mouth."""

BEHIND_LIPS = 8.0
"""Millimetres behind the edge of the lips at which the inside of the mouth begins."""


@dataclass(frozen=True)
class Surface:
    """Triangles that are drawn alike.

    Attributes:
        triangles: (n, 3) vertices of the head.
        colour: of all of it, if it has no texture.
        texture: laid on from the front at rest.
        gloss: share of light that is mirrored, 0 to 1.
    """

    triangles: Indices
    colour: Colour = (255, 255, 255)
    texture: Texture | None = None
    gloss: float = 0.1


def surfaces(head: Head) -> list[Surface]:
    """All surfaces of a head, with their looks."""
    skin = head.triangles[head.parts["skin"]]
    inside = in_mouth(head, skin)
    meeting = float(head.vertices[head.lip_pairs[0], 1].mean())
    eyes = head.triangles[head.parts["eyes"]]
    left = head.vertices[eyes[:, 0], 0] > 0
    return [
        Surface(skin[~inside], texture=skin_texture(meeting), gloss=0.12),
        Surface(skin[inside], CAVITY),
        *(Surface(eye, texture=eye_texture(centre_of(head, eye)), gloss=0.5) for eye in (eyes[left], eyes[~left])),
        Surface(head.triangles[head.parts["teeth"]], texture=teeth_texture(), gloss=0.2),
        Surface(head.triangles[head.parts["tongue"]], TONGUE, gloss=0.2),
    ]


def centre_of(head: Head, triangles: Indices) -> Floats:
    """(3,) mean of the vertices of `triangles` at rest."""
    middle: Floats = head.vertices[np.unique(triangles)].mean(axis=0)
    return middle


def in_mouth(head: Head, skin: Indices) -> NDArray[np.bool_]:
    """(n,) which triangles of the skin line the mouth: those near the tongue and behind the lips that look at it."""
    tongue = centre_of(head, head.triangles[head.parts["tongue"]])
    lips = head.vertices[head.lip_pairs[0]].mean(axis=0)
    normals = vertex_normals(head.vertices, head.triangles)
    middle = head.vertices[skin].mean(axis=1)
    towards = ((tongue - middle) * normals[skin].mean(axis=1)).sum(axis=1) > 0
    near = (np.abs(middle - tongue) < MOUTH_BOX).all(axis=1) & (middle[:, 2] < lips[2] - BEHIND_LIPS)
    inside: NDArray[np.bool_] = towards & near
    return inside
