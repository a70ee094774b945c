"""Fixtures that every area may use."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from sdk.models import registry

TOY_POINT = EntryPoint(name="toy", value="tests.toy:ENTRY", group=registry.ENTRY_POINT_GROUP)


@pytest.fixture(scope="session")
def toy_model() -> Iterator[None]:
    """`find_model("toy")` gives the toy of `tests.toy` for the rest of the run, as if its package were installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "entry_points", lambda group: (*entry_points(group=group), TOY_POINT))
        yield


@pytest.fixture(scope="session")
def toy_bundle(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bundle of the toy with the eager target only. Shared: copy it before changing a byte."""
    from tests.toy_bundle import build_toy_bundle

    return build_toy_bundle(tmp_path_factory.mktemp("toy") / "bundle")
