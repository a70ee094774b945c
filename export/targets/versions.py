"""Which tools lowered an artefact, for its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version


def tool_versions(*packages: str) -> Mapping[str, str]:
    """Installed version of each of `packages` (distribution names)."""
    return {package: version(package) for package in packages}
