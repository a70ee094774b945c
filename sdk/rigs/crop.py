"""Cuts a head off a body: triangles on one side of a smooth surface, with a clean edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Indices = NDArray[np.int32]


def split_quads(quads: Indices) -> Indices:
    """(2n, 3) triangles of (n, 4) quads."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def clip(triangles: Indices, keep: Doubles) -> tuple[Indices, Indices, Doubles]:
    """Cuts triangles along the surface where `keep`, linear on each edge, is zero.

    Args:
        triangles: (F, 3).
        keep: (V,) positive on the side that stays.

    Returns:
        triangles (G, 3) on that side, where vertex V + i is the i-th of the new ones; the (M, 2) ends of the edge on
        which each new vertex lies; and the (M,) share of its second end.
    """
    inside = keep > 0
    count = inside[triangles].sum(axis=1)
    pieces = [triangles[count == 3]]
    ends: dict[tuple[int, int], int] = {}

    def cut(a: int, b: int) -> int:
        return len(keep) + ends.setdefault((min(a, b), max(a, b)), len(ends))

    cut_triangles: list[tuple[int, int, int]] = []
    for triangle in triangles[(count > 0) & (count < 3)]:
        odd = inside[triangle] == (inside[triangle].sum() == 1)
        a, b, c = np.roll(triangle, -int(np.flatnonzero(odd)[0])).tolist()
        ab, ac = cut(a, b), cut(a, c)
        cut_triangles += [(a, ab, ac)] if inside[a] else [(ab, b, c), (ab, c, ac)]
    if cut_triangles:
        pieces.append(np.array(cut_triangles, np.int32))
    edges = np.array(list(ends), np.int32).reshape(-1, 2)
    first, second = keep[edges[:, 0]], keep[edges[:, 1]]
    return np.concatenate(pieces), edges, first / (first - second)


def connected_to(triangles: Indices, seed: int) -> Indices:
    """The triangles that hang together with vertex `seed`."""
    label = np.arange(triangles.max() + 1)
    while True:
        lowest = label[triangles].min(axis=1)
        smaller = label.copy()
        for corner in range(3):
            np.minimum.at(smaller, triangles[:, corner], lowest)
        if (smaller == label).all():
            chosen: Indices = triangles[label[triangles[:, 0]] == label[seed]]
            return chosen
        label = smaller
