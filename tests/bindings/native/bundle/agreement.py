"""Python's reader of manifests and the native one, asked about the same text."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from sdk.bundle.reading import parse_manifest
from sdk.errors import BundleError

Tree = dict[str, Any]
"""A manifest as a JSON tree."""


class NativeReader:
    """`nowface-check --manifests`, kept running: one process for all examples of a property."""

    def __init__(self, build: Path) -> None:
        command: list[Path | str] = [build / "nowface-check", "--manifests"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def refusal(self, text: bytes) -> str | None:
        """What it says against a manifest; None if it accepts."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"%d\n%b" % (len(text), text))
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().removesuffix("\n")
        assert line, "the native reader ended"
        return None if line == "ok" else line


def python_refusal(text: bytes) -> str | None:
    try:
        parse_manifest(text, "manifest.json")
    except BundleError as error:
        return str(error)
    return None


def agree(native: NativeReader, text: bytes) -> bool:
    """Assert that both readers decide the same and that a refusal is one short line; gives whether they accept."""
    theirs, ours = python_refusal(text), native.refusal(text)
    assert (theirs is None) == (ours is None), f"Python: {theirs}\nnative: {ours}"
    if ours is not None:
        assert ours.isprintable(), ascii(ours)
        assert ours.startswith("manifest.json: ")
        assert len(ours) < 1000
    return ours is None


def encoded(tree: object) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")
