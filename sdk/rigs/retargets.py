"""Retarget files that come with the SDK, to use or to copy: see docs/retarget.md.

``mouthClose`` turns with the jaw and not with the lips, because it lifts the lip that ``jawOpen`` takes down: on the
default head they move the lips by the same 34.2 mm, and a mouth stays shut only while both are scaled alike.
"""

from __future__ import annotations

from pathlib import Path

ARKIT_52_RETARGET = Path(__file__).with_name("retarget_arkit_52.json")
"""Knobs ``jaw`` and ``lips`` for the 52 ARKit channels, at strength 1: as it stands it changes nothing."""
