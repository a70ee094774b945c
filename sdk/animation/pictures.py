"""Textures as PNG files."""

from __future__ import annotations

import io

from sdk.errors import MissingDependencyError
from sdk.rigs.paint import Image


def png(pixels: Image) -> bytes:
    """A (height, width, 3) picture as a PNG file.

    Raises:
        MissingDependencyError: Pillow is not installed.
    """
    try:
        from PIL import Image as Pillow
    except ImportError as error:
        raise MissingDependencyError("pillow", "is not installed", "pip install 'nowface[animation]'") from error
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def linear(colour: tuple[int, int, int]) -> list[float]:
    """Red, green and blue in [0, 1] of an sRGB colour, proportional to light (IEC 61966-2-1), as materials have it."""
    shares = [part / 255 for part in colour]
    return [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
