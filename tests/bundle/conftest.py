"""A private copy of the toy's bundle, and how a test spoils its manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdk.errors import BundleError

FOREIGN_META = (
    "x.meta",
    ".meta",
    "new/x.meta",
    "reference/x.meta",
    "reference/manifest.json.meta",
    "readme.md.meta",
    "README.md.meta.meta",
    "README.md.meta/manifest.json.meta",
)
"""Files of the toy's bundle that look like those of `meta_files` and stand beside nothing that is listed."""


@pytest.fixture
def folder(toy_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the toy's bundle that the test may spoil."""
    return Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite the manifest after `change` has worked on its parsed form."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def meta_files(folder: Path) -> list[Path]:
    """What Unity's editor writes into a bundle that lies in a project's Assets."""
    return [path.with_name(f"{path.name}.meta") for path in folder.rglob("*")]


def assert_one_line(error: BundleError) -> None:
    """Subject, problem and mend, on one line of printable characters."""
    assert str(error).isprintable(), ascii(str(error))
    assert error.subject
    assert error.problem
    assert error.mend
    assert len(str(error)) < 1000
