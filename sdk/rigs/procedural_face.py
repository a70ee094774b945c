"""A face mask made by formula: the template of the untrained default and of tests. It needs no asset and no licence.

A grid wrapped on an ellipsoid, with a nose, eye sockets and a mouth whose lips are cut apart along one grid row.
Millimetres; x to the face's left, y up, z forward; the origin is the middle of the ellipsoid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

COLUMNS, ROWS = 25, 31
MOUTH_ROW, MOUTH_HALF_COLUMNS = 9, 4
"""Grid row of the slit counted from the chin, and how many columns it runs to each side of the middle."""

HALF_WIDTH, HALF_HEIGHT, DEPTH = 72.0, 105.0, 85.0


@dataclass(frozen=True)
class Face:
    """A triangle mesh at rest and its shapes.

    Attributes:
        vertices: (V, 3) millimetres.
        triangles: (F, 3) int32, counter-clockwise seen from the front.
        shapes: name -> (V, 3) displacement in millimetres at full strength.
        lips: (upper, lower) vertex indices of the middle of the mouth; their distance is the lip gap.
    """

    vertices: Array
    triangles: NDArray[np.int32]
    shapes: dict[str, Array]
    lips: tuple[int, int]


def _bump(x: Array, y: Array, at: tuple[float, float], size: tuple[float, float]) -> Array:
    return np.exp(-(((x - at[0]) / size[0]) ** 2) - ((y - at[1]) / size[1]) ** 2)


def procedural_face() -> Face:
    """The mask: 784 vertices (a 25 x 31 grid and nine lower-lip copies), 1,440 triangles, eight shapes."""
    column, row = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    across = (column.ravel() / (COLUMNS - 1) * 2 - 1).astype(np.float32)
    up = (row.ravel() / (ROWS - 1) * 2 - 1).astype(np.float32)
    middle = COLUMNS // 2
    slit = MOUTH_ROW * COLUMNS + np.arange(middle - MOUTH_HALF_COLUMNS, middle + MOUTH_HALF_COLUMNS + 1)
    across, up = np.concatenate([across, across[slit]]), np.concatenate([up, up[slit]])
    copies = COLUMNS * ROWS + np.arange(len(slit))

    angle, tilt = across * np.deg2rad(80), up * np.deg2rad(75)
    narrow = 1 - 0.25 * np.clip(-up, 0, 1) ** 2
    x = HALF_WIDTH * narrow * np.sin(angle) * np.cos(tilt * 0.55)
    y = HALF_HEIGHT * np.sin(tilt)
    z = DEPTH * np.cos(angle) * np.cos(tilt * 0.8)
    mouth_y = float(y[slit[0]])
    z = z + 22 * _bump(x, y, (0, -2), (11, 26)) + 5 * _bump(x, y, (0, mouth_y), (26, 12))
    z = z - 9 * (_bump(x, y, (-30, 28), (15, 10)) + _bump(x, y, (30, 28), (15, 10)))
    vertices = np.stack([x, y, z], 1).astype(np.float32)

    below = np.concatenate([row.ravel() < MOUTH_ROW, np.ones(len(slit), bool)])
    upper, lower = int(slit[MOUTH_HALF_COLUMNS]), int(copies[MOUTH_HALF_COLUMNS])
    return Face(vertices, _triangles(slit, copies), _shapes(vertices, below, mouth_y), (upper, lower))


def _triangles(slit: NDArray[np.int_], copies: NDArray[np.int_]) -> NDArray[np.int32]:
    """Two triangles a cell; cells under the slit use the lower-lip copies, but for the corners, which stay joined."""
    lower = dict(zip(slit[1:-1].tolist(), copies[1:-1].tolist(), strict=True))
    faces = []
    for r in range(ROWS - 1):
        for c in range(COLUMNS - 1):
            a, b = r * COLUMNS + c, r * COLUMNS + c + 1
            d, e = a + COLUMNS, b + COLUMNS
            if r == MOUTH_ROW - 1:
                d, e = lower.get(d, d), lower.get(e, e)
            faces += [(a, b, e), (a, e, d)]
    return np.array(faces, np.int32)


def _shapes(vertices: Array, below: NDArray[np.bool_], mouth_y: float) -> dict[str, Array]:
    x, y = vertices[:, 0], vertices[:, 1]
    zero = np.zeros_like(x)
    jaw = below * np.exp(-((np.abs(x) / 60) ** 4)) * np.clip((mouth_y + 60 - y) / 60, 0, 1)
    mouth = _bump(x, y, (0, mouth_y), (34, 22))
    brow = _bump(x, y, (-30, 48), (24, 14)) + _bump(x, y, (30, 48), (24, 14))
    cheek = _bump(x, y, (-44, mouth_y + 8), (20, 26)) + _bump(x, y, (44, mouth_y + 8), (20, 26))
    corner = _bump(x, y, (-26, mouth_y), (16, 18)) + _bump(x, y, (26, mouth_y), (16, 18))
    fields = {
        "jaw_open": (zero, -26 * jaw, -6 * jaw),
        "jaw_side": (9 * jaw, zero, zero),
        "lips_pucker": (-0.45 * x * mouth, zero, 9 * mouth),
        "lips_spread": (8 * np.sign(x) * corner, 5 * corner, -3 * corner),
        "upper_lip_up": (zero, 7 * mouth * ~below, 2 * mouth * ~below),
        "lower_lip_down": (zero, -7 * mouth * below, 2 * mouth * below),
        "brow_up": (zero, 8 * brow, zero),
        "cheek_puff": (5 * np.sign(x) * cheek, zero, 7 * cheek),
    }
    return {name: np.stack(field, 1).astype(np.float32) for name, field in fields.items()}
