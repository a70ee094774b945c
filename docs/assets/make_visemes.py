"""Draw visemes.png: the fifteen visemes on the default head. Run: ``python docs/assets/make_visemes.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sdk.rigs.head import default_head
from sdk.rigs.render import BACKGROUND, FaceRenderer
from sdk.rigs.rig_map import rig_map

TILE, ACROSS, LABEL = (190, 160), 5, 26
RENDERED, CROP = (900, 1125), (235, 565, 665, 872)
"""Pixels: what is drawn of each viseme, and the mouth within it."""
TEXT = "#3c4252"


def main() -> None:
    """Draw all visemes at 1, five in a row, each with its name below."""
    shown = rig_map("viseme_15", "arkit_52")
    visemes = shown.source.channels
    sheet = Image.new("RGB", (TILE[0] * ACROSS, TILE[1] * -(-len(visemes) // ACROSS)), BACKGROUND)
    label, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    with FaceRenderer(default_head(), RENDERED) as renderer:
        for number, (name, strength) in enumerate(zip(visemes, np.eye(len(visemes)), strict=True)):
            mouth = Image.fromarray(renderer.draw(shown.apply(strength))).crop(CROP)
            mouth = mouth.resize((TILE[0] - 6, TILE[1] - LABEL), Image.Resampling.LANCZOS)
            left, top = number % ACROSS * TILE[0], number // ACROSS * TILE[1]
            sheet.paste(mouth, (left + 3, top))
            label.text((left + TILE[0] / 2, top + TILE[1] - LABEL + 4), name, TEXT, font, anchor="ma")
    sheet.quantize(128).save(Path(__file__).with_name("visemes.png"), optimize=True)


if __name__ == "__main__":
    main()
