"""Vertices of a part of the face as a linear function of a model's values.

Because the function is linear, an error in millimetres is the function of the values' error, and a second difference
that of the values' second difference: no mesh is posed twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

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
        """N."""
        return int(self.basis.shape[1])

    @property
    def rest(self) -> Doubles | None:
        """(n, 3) what `moved` gives at rest: nothing, for all weights are zero there."""
        return np.zeros(self.basis.shape[1:])

    def moved(self, values: Doubles) -> Doubles:
        """(T, n, 3) millimetres for (T, D)."""
        flat = values @ self.basis.reshape(len(self.basis), -1)
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
        """N."""
        return len(self.chosen)

    def moved(self, values: Doubles) -> Doubles:
        """(T, n, 3) millimetres for (T, V * 3)."""
        return self.scale * values.reshape(len(values), -1, 3)[:, self.chosen]


Region = Blended | Picked


def squared_distance(region: Region, values: Doubles, rest: Doubles | float = 0.0) -> Iterator[Doubles]:
    """Squared distance in mm^2 of every vertex from `rest`, of values (T, D), in blocks (t, n) of frames."""
    size = max(1, BLOCK // (3 * region.vertices))
    for first in range(0, len(values), size):
        yield np.square(region.moved(values[first : first + size]) - rest).sum(-1)
