"""Units of length that meshes and clips come in."""

from __future__ import annotations

from collections.abc import Mapping

MILLIMETRES: Mapping[str, float] = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
"""Unit -> its length in millimetres, in which all faces here are measured."""
