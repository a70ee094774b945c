"""The colours of the default face for pictures: a skin texture seen from the front, eyes, and plain parts.

The mesh has no texture coordinates. A texture is laid on from the front instead: the colour of a vertex is that of the
picture at its x and y at rest, and moves along with it. All figures are in millimetres of the head's coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.head import Floats
from sdk.rigs.regions import Doubles, lip_ellipse, smoothstep

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

SKIN: Colour = (224, 178, 152)
LIPS: Colour = (190, 112, 104)
BLUSH: Colour = (214, 142, 122)
BROWS: Colour = (78, 54, 42)
SCLERA: Colour = (240, 238, 234)
IRIS: Colour = (92, 122, 128)
LIMBUS: Colour = (38, 52, 58)
PUPIL: Colour = (14, 14, 16)
CAVITY: Colour = (96, 36, 38)
"""The skin inside the mouth."""

TONGUE: Colour = (168, 78, 80)
TEETH: Colour = (236, 230, 216)

BACK, UNPAINTED = -70.0, 95.0
"""Depth behind which nothing is painted, and distance from the middle beyond which pictures show skin alone."""

IRIS_RADIUS, PUPIL_RADIUS = 5.9, 2.3
"""Of an adult's eye in room light."""


@dataclass(frozen=True)
class Texture:
    """A picture laid on from the front.

    Attributes:
        pixels: (height, width, 3), row 0 at the top.
        corner: x and y of the lower left corner.
        extent: width and height.
    """

    pixels: Image
    corner: tuple[float, float]
    extent: tuple[float, float]

    def coordinates(self, vertices: NDArray[np.floating[Any]]) -> Doubles:
        """(V, 2) texture coordinates in [0, 1], from the left and from the bottom, of (V, 3) vertices at rest.

        The back of the head takes its colour from the sides of the picture, or it would have a face too.
        """
        x, y = vertices[:, 0].astype(np.float64), vertices[:, 1].astype(np.float64)
        x = np.where((vertices[:, 2] < BACK) & (np.abs(x) < UNPAINTED), np.copysign(UNPAINTED, x), x)
        share: Doubles = (np.column_stack([x, y]) - self.corner) / self.extent
        return share


def skin_texture(middle_of_lips: float, per_millimetre: int = 4) -> Texture:
    """Skin with lips, brows and a little colour in the cheeks; `middle_of_lips` is the height where the lips meet."""
    corner, extent = (-100.0, -190.0), (200.0, 320.0)
    x, y = pixel_grid(corner, extent, per_millimetre)
    side = np.abs(x)
    picture = plain(SKIN, x, y)
    blend(picture, BLUSH, 0.45 * np.exp(-(((side - 42) / 20) ** 2) - ((y + 38) / 17) ** 2))
    blend(picture, BLUSH, 0.35 * np.exp(-((x / 15) ** 2) - ((y + 36) / 12) ** 2))
    blend(picture, LIPS, 0.85 * smoothstep(lip_ellipse(x, y, middle_of_lips), 1.06, 0.9))
    blend(picture, BROWS, 0.85 * brow(side, y))
    return Texture(np.rint(picture).astype(np.uint8), corner, extent)


def brow(side: Doubles, y: Doubles) -> Doubles:
    """Cover of a brow in [0, 1]: an arch that rises to two thirds of its length, thins out and is made of hairs."""
    along = np.clip((side - 12) / 36, 0, 1)
    height = 16.0 + 8.0 * np.sin(np.pi * 0.62 * along + 0.1) - 3.0 * along
    half_width = 3.2 * (1 - along) ** 0.5 * smoothstep(along, -0.1, 0.12) + 0.6
    ends = smoothstep(side, 10, 15) * smoothstep(side, 50, 43)
    hairs = 0.9 + 0.1 * np.sin(4.1 * side + 2.3 * y)
    return ends * hairs * smoothstep(np.abs(y - height) / half_width, 1.25, 0.55)


def teeth_texture(per_millimetre: int = 4) -> Texture:
    """Teeth that darken sideways, because that is also backwards, into the shade of the cheeks."""
    corner, extent = (-40.0, -120.0), (80.0, 80.0)
    x, y = pixel_grid(corner, extent, per_millimetre)
    picture = plain(TEETH, x, y)
    blend(picture, CAVITY, 0.85 * smoothstep(np.abs(x), 11, 24))
    return Texture(np.rint(picture).astype(np.uint8), corner, extent)


def eye_texture(centre: Floats, per_millimetre: int = 16) -> Texture:
    """White, iris and pupil around `centre`, the (3,) middle of an eyeball that looks forward."""
    corner, extent = (float(centre[0]) - 16, float(centre[1]) - 16), (32.0, 32.0)
    x, y = pixel_grid(corner, extent, per_millimetre)
    from_axis = np.hypot(x - centre[0], y - centre[1])
    angle = np.arctan2(y - centre[1], x - centre[0])
    edge = 1 / per_millimetre
    picture = plain(SCLERA, x, y)
    blend(picture, LIMBUS, smoothstep(from_axis, IRIS_RADIUS + 0.35, IRIS_RADIUS - 0.35))
    fibres = 0.78 + 0.22 * np.sin(38 * angle) * np.sin(23 * angle + 1)
    blend(picture, IRIS, fibres * smoothstep(from_axis, IRIS_RADIUS - 0.2, IRIS_RADIUS - 1.4))
    blend(picture, PUPIL, smoothstep(from_axis, PUPIL_RADIUS + edge, PUPIL_RADIUS - edge))
    return Texture(np.rint(picture).astype(np.uint8), corner, extent)


def pixel_grid(
    corner: tuple[float, float], extent: tuple[float, float], per_millimetre: int
) -> tuple[Doubles, Doubles]:
    """Positions x (1, width) and y (height, 1) of the pixels' centres, row 0 at the top."""
    columns, rows = (round(length * per_millimetre) for length in extent)
    x = corner[0] + (np.arange(columns) + 0.5) / per_millimetre
    y = corner[1] + extent[1] - (np.arange(rows) + 0.5) / per_millimetre
    return x[None], y[:, None]


def plain(colour: Colour, x: Doubles, y: Doubles) -> Floats:
    """A picture (height, width, 3) of one colour, for a `pixel_grid`."""
    return np.full((y.size, x.size, 3), colour, np.float32)


def blend(picture: Floats, colour: Colour, cover: Doubles) -> None:
    """Paint `colour` over the (height, width, 3) `picture` by `cover`, (height or 1, width) in [0, 1]."""
    picture += (np.array(colour, np.float32) - picture) * cover[..., None].astype(np.float32)
