"""The plugin that continuous integration loads: a run with a skipped test fails, any other keeps its result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def exit_code(tmp_path: Path, source: str) -> int:
    file = tmp_path / "test_sample.py"
    file.write_text(f"import pytest\n\n{source}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.no_skips"]
    command += ["-c", "/dev/null", f"--rootdir={tmp_path}", str(file)]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=120).returncode


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def test_passes(): pass", 0),
        ("def test_passes(): pass\ndef test_skips(): pytest.skip('no reason')", 1),
        ("def test_passes(): pass\n@pytest.mark.skip\ndef test_skips(): pass", 1),
        ("pytest.skip('whole file', allow_module_level=True)", 1),
        ("@pytest.mark.xfail(strict=True)\ndef test_known_defect(): raise ValueError", 0),
        ("def test_fails(): raise ValueError", 1),
    ],
    ids=["passes", "skips inside", "skips by mark", "skips the module", "expected failure", "fails"],
)
def test_exit_code(tmp_path: Path, source: str, expected: int) -> None:
    assert exit_code(tmp_path, source) == expected
