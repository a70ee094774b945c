"""Registers plugins for tests, as if a package had brought them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint

import pytest

from sdk import plugins


def register(patch: pytest.MonkeyPatch, group: str, points: Sequence[EntryPoint], *, alone: bool = False) -> None:
    """Add `points` to `group`, or let them be all that it has; other groups stay as they are."""
    before = plugins.entry_points

    def after(group: str, of: str = group) -> tuple[EntryPoint, ...]:
        if group != of:
            return tuple(before(group=group))
        return tuple(points) if alone else (*before(group=group), *points)

    patch.setattr(plugins, "entry_points", after)
