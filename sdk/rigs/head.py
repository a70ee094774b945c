"""The default face: a head with eyes, teeth, tongue and the 52 ARKit-named shapes.

Millimetres; x to the face's own left, y up, z forward; the origin is midway between the centres of the eyeballs.
`sdk.rigs.build_head` builds the file beside this module; head.md beside it tells where the data comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]

HEAD_FILE = Path(__file__).with_name("head.npz")


@dataclass(frozen=True, eq=False)
class Head:
    """A triangle mesh at rest and one linear shape for each ARKit coefficient. Its arrays are read-only.

    Attributes:
        vertices: (V, 3) millimetres, at rest.
        triangles: (F, 3), counter-clockwise seen from outside.
        shapes: (52, V, 3) displacement in millimetres at weight 1, in the order of `channels`.
        regions: name -> (V,) soft mask in [0, 1]: lips, eyelids, upper_face, jaw, mouth (see `sdk.rigs.regions`).
        parts: name -> (n,) indices into `triangles`: skin, eyes, teeth, tongue. Each triangle is in one part.
        lip_pairs: (P, 2) upper and lower vertex where the lips meet; row 0 is the middle of the mouth.
        channels: names of the shapes.
    """

    vertices: Floats
    triangles: Indices
    shapes: Floats
    regions: Mapping[str, Floats]
    parts: Mapping[str, Indices]
    lip_pairs: Indices
    channels: tuple[str, ...] = ARKIT_52

    def pose(self, weights: ArrayLike) -> Floats:
        """Vertices under `weights`.

        Args:
            weights: (..., 52), normally in [0, 1].

        Returns:
            (..., V, 3) millimetres.

        Raises:
            UsageError: `weights` has another last size or a value that is not finite.
        """
        checked = checked_weights(weights, len(self.channels))
        moved = checked @ self.shapes.reshape(len(self.channels), -1)
        return self.vertices + moved.reshape(*checked.shape[:-1], *self.vertices.shape)

    def basis(self) -> tuple[Floats, Floats]:
        """The linear map from weights to displacements, as heads that put out vertices need it.

        Returns:
            (52, V, 3) millimetres for each unit of weight, and the (V, 3) displacement at weight 0, which is zero.
        """
        return self.shapes, np.zeros_like(self.vertices)


def checked_weights(weights: ArrayLike, channels: int) -> Floats:
    """`weights` as float32, or a UsageError if they are not finite (..., `channels`) numbers."""
    array = np.asarray(weights, np.float32)
    if array.ndim == 0 or array.shape[-1] != channels:
        raise UsageError("weights", f"shape {array.shape}", f"give (..., {channels}) numbers")
    if not np.isfinite(array).all():
        raise UsageError("weights", "a value is not finite", "remove NaN and infinity")
    return array


def vertex_normals(vertices: Floats, triangles: Indices) -> Floats:
    """Unit normals of a smooth surface, each the area-weighted mean over the triangles around its vertex.

    Args:
        vertices: (V, 3).
        triangles: (F, 3).

    Returns:
        (V, 3); zero at vertices without a triangle.
    """
    corners = vertices[triangles]
    weighted = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    summed = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(summed, triangles[:, corner], weighted)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    normals: Floats = np.divide(summed, length, out=np.zeros_like(summed), where=length > 0)
    return normals


@cache
def default_head() -> Head:
    """The head that ships with the SDK; read once.

    Raises:
        RigError: the file in this installation is damaged.
    """
    from sdk.rigs.head_file import read_head

    return read_head(HEAD_FILE)
