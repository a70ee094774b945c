"""A bundle with four more targets than the eager one, each run by a fake executor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sdk.runtime import executor
from tests.plugins import register

FAKES = ("close", "wrong", "crashes", "needs_package")


def add_target(folder: Path, target: str, precision: str = "fp32", **more: object) -> None:
    """Enter a target into a bundle's manifest; its artefacts are the reference weights, which no fake reads."""
    manifest = json.loads((folder / "manifest.json").read_text())
    record = {**manifest["targets"][0], "target": target, "precision": precision, **more}
    manifest["targets"].append(record)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="session")
def fake_targets() -> Iterator[None]:
    """Register the fake executors as if a package had brought them."""
    points = [EntryPoint(name, f"tests.parity.fakes:open_{name}", executor.ENTRY_POINT_GROUP) for name in FAKES]
    with pytest.MonkeyPatch.context() as patch:
        register(patch, executor.ENTRY_POINT_GROUP, points)
        yield


@pytest.fixture
def fake_bundle(toy_bundle: Path, fake_targets: None, tmp_path: Path) -> Path:
    """eager; close, within tolerance; wrong, a shifted frame; needs_package and absent, which cannot run here."""
    folder = tmp_path / "bundle"
    shutil.copytree(toy_bundle, folder)
    for name in ("close", "wrong", "needs_package", "absent"):
        add_target(folder, name)
    return folder


@pytest.fixture
def good_bundle(toy_bundle: Path, fake_targets: None, tmp_path: Path) -> Path:
    """eager, and close, which is within tolerance."""
    folder = tmp_path / "good"
    shutil.copytree(toy_bundle, folder)
    add_target(folder, "close")
    return folder
