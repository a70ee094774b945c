"""Fixtures that every area may use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdk.models import registry
from tests.plugins import register

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOYS = ("toy", "toy_choice")
TOY_POINTS = [EntryPoint(name, f"tests.{name}:ENTRY", registry.ENTRY_POINT_GROUP) for name in TOYS]


@pytest.fixture(scope="session")
def toy_model() -> Iterator[None]:
    """`find_model` gives the toys of `tests.toy` and `tests.toy_choice` for the rest of the run, as if a package had
    brought them."""
    with pytest.MonkeyPatch.context() as patch:
        register(patch, registry.ENTRY_POINT_GROUP, TOY_POINTS)
        yield


@pytest.fixture(scope="session")
def toy_bundle(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bundle of the toy with the eager target only. Shared: copy it before changing a byte."""
    from tests.toy_bundle import build_toy_bundle

    return build_toy_bundle(tmp_path_factory.mktemp("toy") / "bundle")


@pytest.fixture(scope="session")
def choice_bundle(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bundle of the toy that draws, eager and onnx. Shared: copy it before changing a byte."""
    from tests.toy_choice import build_choice_bundle

    return build_choice_bundle(tmp_path_factory.mktemp("choice") / "bundle")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Callable[..., Browser]]:
    """Starts Debian's Chromium without a screen: command line options -> browser. It plays sound by itself."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "apt-get install chromium"
    drawing = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox", "--disable-dev-shm-usage")
    usual = [*drawing, "--autoplay-policy=no-user-gesture-required"]
    # One for all tests: a second one in the same thread is refused while the first one runs.
    with sync_playwright() as play:
        yield lambda *options: play.chromium.launch(executable_path=path, args=[*usual, *options])
