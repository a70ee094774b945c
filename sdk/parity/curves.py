"""Which numbers of a stream are worth a picture: the lip gap, and the values that move most."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sdk.parity.face.face import Face, rows
from sdk.parity.face.view import View
from sdk.parity.findings import Curve

MOST = 4
"""How many values are shown beside the lip gap."""
AXES = "xyz"


def curves(reference: ArrayLike, candidate: ArrayLike, view: View, unit: str) -> tuple[Curve, ...]:
    """Curves of values (T, ...), T at least 1, in the order in which they should be looked at.

    Args:
        reference: finite values.
        candidate: of the same shape.
        view: what they move.
        unit: of the values.
    """
    expected, got = rows(reference), rows(candidate)
    drawn = []
    if isinstance(view.face, Face):
        gaps = view.face.gap(expected), view.face.gap(got)
        if gaps[0] is not None and gaps[1] is not None:
            drawn.append(Curve("lip gap", "mm", tuple(gaps[0].tolist()), tuple(gaps[1].tolist())))
    travel = np.ptp(expected, axis=0)
    for element in np.argsort(-travel, kind="stable")[:MOST]:
        if travel[element] > 0:
            pair = (tuple(values[:, element].tolist()) for values in (expected, got))
            drawn.append(Curve(_name(int(element), view.names), unit, *pair))
    return tuple(drawn)


def _name(element: int, names: tuple[str, ...]) -> str:
    return names[element] if names else f"vertex {element // 3} {AXES[element % 3]}"
