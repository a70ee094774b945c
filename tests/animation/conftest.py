"""Readers of glTF from npm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

READERS = Path(__file__).with_name("readers")


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Runs a script of the folder `readers`, whose packages are installed as its lock file says; the JSON it prints."""
    lock, installed = READERS / "package-lock.json", READERS / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", "--no-audit", "--no-fund")
    return lambda script, *arguments: json.loads(run("node", script, *map(str, arguments)))


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=READERS, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
