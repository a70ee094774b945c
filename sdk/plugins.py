"""What packages register with the SDK through the entry points of their metadata: models, tasks, targets, executors."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any


def plugin_names(group: str) -> list[str]:
    """Names registered in `group`, e.g. ``nowface.models``, sorted."""
    return sorted(point.name for point in entry_points(group=group))


def load_plugin(group: str, name: str) -> Any | None:
    """The object registered as `name` in `group`, imported now; None if there is no such name."""
    for point in entry_points(group=group):
        if point.name == name:
            return point.load()
    return None


def load_plugins(group: str) -> Iterator[tuple[str, Any]]:
    """Name and object of each that is registered in `group`, by name; one is imported when its turn comes."""
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        yield point.name, point.load()
