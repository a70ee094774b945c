"""Draw faces.png: the default face at rest and in seven poses. Run: ``python docs/assets/make_faces.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.render import BACKGROUND, FaceRenderer

SIZE, ACROSS, LABEL = (250, 330), 4, 30
RENDERED, CROP = (900, 1125), (100, 145, 800, 985)
"""Pixels: what is drawn for each pose, and the face within it."""
TEXT = "#3c4252"

POSES: dict[str, dict[str, float]] = {
    "at rest": {},
    "jawOpen": {"jawOpen": 1.0},
    "jawOpen + mouthClose": {"jawOpen": 1.0, "mouthClose": 1.0},
    "mouthPucker": {"mouthPucker": 1.0},
    "eyeBlink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    "mouthSmile": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5},
    "“ah”, brows up": {"jawOpen": 0.5, "browInnerUp": 0.7, "browOuterUpLeft": 0.5, "browOuterUpRight": 0.5},
    "“f”": {"jawOpen": 0.08, "mouthRollLower": 0.5, "mouthUpperUpLeft": 0.35, "mouthUpperUpRight": 0.35},
}


def main() -> None:
    """Draw all poses, four in a row, each with its name below."""
    rows = -(-len(POSES) // ACROSS)
    sheet = Image.new("RGB", (SIZE[0] * ACROSS, SIZE[1] * rows), BACKGROUND)
    label = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    with FaceRenderer(default_head(), RENDERED) as renderer:
        for number, (name, pose) in enumerate(POSES.items()):
            weights = np.array([pose.get(channel, 0.0) for channel in ARKIT_52], np.float32)
            portrait = Image.fromarray(renderer.draw(weights)).crop(CROP)
            portrait = portrait.resize((SIZE[0], SIZE[1] - LABEL), Image.Resampling.LANCZOS)
            left, top = number % ACROSS * SIZE[0], number // ACROSS * SIZE[1]
            sheet.paste(portrait, (left, top))
            label.text((left + SIZE[0] / 2, top + SIZE[1] - LABEL + 5), name, TEXT, font, anchor="ma")
    sheet.save(Path(__file__).with_name("faces.png"), optimize=True)


if __name__ == "__main__":
    main()
