"""Vertices of a part of the face as a linear function of a model's values.

Because the function is linear, an error in millimetres is the function of the values' error, and a second difference
that of the values' second difference: no mesh is posed twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Values = NDArray[np.floating[Any]]

BLOCK = 2**22
"""Numbers that are held at once when many frames are moved: 32 MiB."""


@dataclass(frozen=True, eq=False)
class Blended:
    """Vertices that weights move.

    Attributes:
        basis: (D, n, 3) millimetres for each unit of each of the D values.
    """

    basis: Doubles

    @property
    def vertices(self) -> int:
        """How many there are."""
        return int(self.basis.shape[1])

    @property
    def rest(self) -> Doubles | None:
        """(n, 3) what `moved` gives at rest: nothing, for all weights are zero there."""
        return np.zeros(self.basis.shape[1:])

    def moved(self, values: Values) -> Doubles:
        """(T, n, 3) millimetres for (T, D)."""
        flat = values.astype(np.float64) @ self.basis.reshape(len(self.basis), -1)
        return flat.reshape(len(values), *self.basis.shape[1:])


@dataclass(frozen=True, eq=False)
class Picked:
    """Some of the vertices that the values are.

    Attributes:
        chosen: (n,) of the V vertices.
        scale: millimetres of the values' unit.
        rest: (n, 3) millimetres at rest; None where that is unknown.
    """

    chosen: NDArray[np.int64]
    scale: float
    rest: Doubles | None = None

    @property
    def vertices(self) -> int:
        """How many there are."""
        return len(self.chosen)

    def moved(self, values: Values) -> Doubles:
        """(T, n, 3) millimetres for (T, V * 3)."""
        picked = values.reshape(len(values), -1, 3)[:, self.chosen]
        return self.scale * picked.astype(np.float64)


Region = Blended | Picked


def squared_distance(
    region: Region, values: Values, *, less: Values | None = None, rest: Doubles | float = 0.0
) -> Iterator[Doubles]:
    """Squared distance in mm^2 of every vertex from `rest`, in blocks (t, n) of frames.

    Args:
        region: of the face.
        values: (T, D).
        less: (T, D) or (D,) that the values are held against; a whole stream is never copied.
        rest: what to measure from, in mm.
    """
    size = max(1, BLOCK // max(3 * region.vertices, values.shape[1]))
    for first in range(0, len(values), size):
        part = slice(first, first + size)
        block = values[part].astype(np.float64)
        if less is not None:
            block -= less if less.ndim == 1 else less[part]
        yield np.square(region.moved(block) - rest).sum(-1)
