"""How a pipeline's values become millimetres on a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import UsageError
from sdk.parity.face.region import Blended, Doubles, Picked, Region, Values
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.channel_set import set_of
from sdk.rigs.head import default_head
from sdk.rigs.measure import MIDDLE, UP, lip_gap_basis
from sdk.rigs.rigged_head import shapes_for
from sdk.rigs.units import MILLIMETRES

INSIDE = 0.5
"""A vertex belongs to a region where the region's soft mask is above this."""
LIPS, UPPER_FACE = "lips", "upper_face"


@dataclass(frozen=True)
class NoFace:
    """Values that nothing can be said of in millimetres, and why."""

    reason: str


@dataclass(frozen=True, eq=False)
class Face:
    """How values (T, D) move a face.

    Attributes:
        word: what figures of `lips` are called: ``lip``, or ``vertex`` for a mesh whose lips nobody has named, where
            every vertex counts.
        lips: the lips, or all vertices.
        upper: brows, eyelids and all around the eyes; None where unknown.
        mouth: the two vertices that the lip gap is measured between, upper and lower; None where unknown.
        rest_gap: lip gap in millimetres where `mouth` gives zero.
    """

    word: Literal["lip", "vertex"]
    lips: Region
    upper: Region | None = None
    mouth: Region | None = None
    rest_gap: float = 0.0

    @classmethod
    def of(
        cls,
        channels: Sequence[str],
        unit: str,
        values_shape: Sequence[int],
        regions: Mapping[str, ArrayLike] | None = None,
    ) -> Face | NoFace:
        """The face that values show.

        Channels with ARKit's names move the default head; a channel that is not there stays at rest. So do those of
        another channel set of the SDK, through its map to ARKit's. Vertices are taken as they are, in the regions
        given; without regions, in the default head's if they are as many as its own; else every vertex counts, and the
        figures say so.

        Args:
            channels: names of the values of a rig; empty for vertices.
            unit: of the values.
            values_shape: of one frame: any of as many elements as there are channels, or (V, 3).
            regions: for vertices, ``lips`` and perhaps ``upper_face``: masks (V,) in [0, 1].

        Raises:
            UsageError: a region has another shape, is empty, or there is one for ``upper_face`` and none for ``lips``.
        """
        if channels:
            known = "jawOpen" in channels if set(channels) <= set(ARKIT_52) else set_of(channels) is not None
            return _rigged(tuple(channels)) if known else NoFace("its channels are not those of ARKit")
        if len(values_shape) != 2 or values_shape[1] != 3:
            return NoFace(f"values of shape {tuple(values_shape)} are neither named nor vertices")
        if unit not in MILLIMETRES:
            return NoFace(f"its vertices are in {unit!r}, which is no length")
        return _vertices(values_shape[0], MILLIMETRES[unit], regions)

    def gap(self, values: ArrayLike) -> Doubles | None:
        """Lip gap (T,) in millimetres of values (T, ...), as `sdk.rigs.measure` defines it; None where unknown."""
        if self.mouth is None:
            return None
        upper, lower = np.moveaxis(self.mouth.moved(rows(values))[:, :, UP], 1, 0)
        return np.asarray(self.rest_gap + upper - lower, np.float64)


def rows(values: ArrayLike) -> Values:
    """Values (T, ...) as (T, D)."""
    array = np.asarray(values)
    return array.reshape(len(array), -1)


@cache
def _rigged(channels: tuple[str, ...]) -> Face:
    head = default_head()
    found = shapes_for(head, channels)
    assert found is not None, "channels are ARKit's or those of a set"
    shapes = found.astype(np.float64)
    parts = {name: shapes[:, _inside(head.regions[name])] for name in (LIPS, UPPER_FACE)}
    mouth = shapes[:, head.lip_pairs[MIDDLE]]
    return Face("lip", Blended(parts[LIPS]), Blended(parts[UPPER_FACE]), Blended(mouth), lip_gap_basis(head)[0])


def _vertices(count: int, scale: float, regions: Mapping[str, ArrayLike] | None) -> Face:
    if regions is not None:
        chosen = {name: _checked(name, regions[name], count) for name in (LIPS, UPPER_FACE) if name in regions}
        if LIPS not in chosen:
            raise UsageError("regions", f"has no {LIPS!r}", "give a mask of the lips, or no regions at all")
        upper = Picked(chosen[UPPER_FACE], scale) if UPPER_FACE in chosen else None
        return Face("lip", Picked(chosen[LIPS], scale), upper)
    head = default_head()
    if count != len(head.vertices):
        return Face("vertex", Picked(np.arange(count), scale))
    rest = head.vertices.astype(np.float64)
    lips, upper_face = (_inside(head.regions[name]) for name in (LIPS, UPPER_FACE))
    mouth = Picked(head.lip_pairs[MIDDLE].astype(np.int64), scale)
    # The gap is measured between vertices where they are: nothing is to be added.
    return Face("lip", Picked(lips, scale, rest[lips]), Picked(upper_face, scale, rest[upper_face]), mouth)


def _checked(name: str, mask: ArrayLike, count: int) -> NDArray[np.int64]:
    array = np.asarray(mask)
    if array.shape != (count,):
        raise UsageError(f"region {name!r}", f"shape {array.shape}", f"give one number for each of {count} vertices")
    chosen = _inside(array)
    if not len(chosen):
        raise UsageError(f"region {name!r}", f"has no vertex above {INSIDE}", "give a mask in [0, 1]")
    return chosen


def _inside(mask: NDArray[Any]) -> NDArray[np.int64]:
    return np.flatnonzero(mask > INSIDE).astype(np.int64)
