"""Named places on the default head, for a user to find on another one.

`landmarks.json` beside this module holds the vertex of each. They were picked on the mesh by eye; those with ``Left``
or ``Right`` are mirror images, and the sides are the face's own.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LANDMARKS_FILE = Path(__file__).with_name("landmarks.json")


@cache
def default_landmarks() -> dict[str, int]:
    """Name -> vertex of the default head."""
    landmarks: dict[str, int] = json.loads(LANDMARKS_FILE.read_text(encoding="utf-8"))
    return landmarks
