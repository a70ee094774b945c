"""The shapes of any rig: a mesh at rest, and how far each channel moves each of its vertices.

The default head is one; a user's own rig or a mesh that shapes were carried over to (`sdk.rigs.transfer`) is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import UsageError
from sdk.rigs.head import Floats, Head, checked_weights, default_head
from sdk.rigs.landmarks import default_landmarks

Indices = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ShapeSet:
    """K linear shapes of a mesh with V vertices. Its arrays are read-only.

    Attributes:
        vertices: (V, 3) millimetres, at rest.
        shapes: (K, V, 3) displacement in millimetres at weight 1.
        channels: K different names.
        low: (K,) least weight of each channel.
        high: (K,) greatest weight of each channel, not below `low`.
        triangles: (F, 3), counter-clockwise seen from outside; (0, 3) if only the vertices are known.
        regions: name -> (V,) soft mask in [0, 1], e.g. ``lips``; may be empty.
        landmarks: name -> vertex, e.g. ``noseTip``; may be empty.

    Raises:
        UsageError: an array has another shape, a number is not finite, a range is empty, or a name is there twice.
    """

    vertices: Floats
    shapes: Floats
    channels: tuple[str, ...]
    low: Floats
    high: Floats
    triangles: Indices = field(default_factory=lambda: np.zeros((0, 3), np.int32))
    regions: Mapping[str, Floats] = field(default_factory=dict)
    landmarks: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count, size = len(self.channels), len(self.vertices)
        if not count or len(set(self.channels)) != count:
            raise UsageError("channels", "are none, or a name is there twice", "give each shape its own name")
        wanted = {"vertices": (size, 3), "shapes": (count, size, 3), "low": (count,), "high": (count,)}
        arrays: dict[str, NDArray[Any]] = {
            "vertices": self.vertices,
            "shapes": self.shapes,
            "low": self.low,
            "high": self.high,
        }
        arrays |= {f"region {name}": mask for name, mask in self.regions.items()}
        for name, array in arrays.items():
            shape = wanted.get(name, (size,))
            if array.shape != shape or not size:
                raise UsageError(name, f"has shape {array.shape}", f"give {shape}, with one vertex at least")
            if not np.isfinite(array).all():
                raise UsageError(name, "holds NaN or infinity", "give finite numbers")
        if not (self.low <= self.high).all():
            raise UsageError("low", "is above high for a channel", "give a range for each channel")
        if self.triangles.ndim != 2 or self.triangles.shape[1] != 3:
            raise UsageError("triangles", f"has shape {self.triangles.shape}", "give (F, 3)")
        if self.triangles.size and not 0 <= self.triangles.min() <= self.triangles.max() < size:
            raise UsageError("triangles", f"points outside the {size} vertices", "give indices of vertices from 0 on")
        for name, vertex in self.landmarks.items():
            if not 0 <= vertex < size:
                raise UsageError(f"landmark {name}", f"is vertex {vertex} of {size}", "count vertices from 0")
        for array in (*arrays.values(), self.triangles):
            array.setflags(write=False)

    def pose(self, weights: ArrayLike) -> Floats:
        """Vertices under `weights`: the reverse of `sdk.rigs.solve`.

        Args:
            weights: (..., K).

        Returns:
            (..., V, 3) millimetres.

        Raises:
            UsageError: `weights` has another last size or a value that is not finite.
        """
        checked = checked_weights(weights, len(self.channels))
        moved = (checked @ self.shapes.reshape(len(self.channels), -1)).reshape(
            *checked.shape[:-1], *self.vertices.shape
        )
        return self.vertices + moved


def shape_set_of(head: Head) -> ShapeSet:
    """The shapes of a head, whose weights lie in [0, 1]."""
    count = len(head.channels)
    return ShapeSet(
        vertices=head.vertices,
        shapes=head.shapes,
        channels=head.channels,
        low=np.zeros(count, np.float32),
        high=np.ones(count, np.float32),
        triangles=head.triangles,
        regions=head.regions,
    )


def default_shapes() -> ShapeSet:
    """The shapes of the head that ships with the SDK, with its landmarks."""
    return replace(shape_set_of(default_head()), landmarks=default_landmarks())
