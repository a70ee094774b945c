"""Eight sessions of one bundle, each with a worker of its own, give the bits that one gives alone."""

from __future__ import annotations

import subprocess
from pathlib import Path


def test_sessions_do_not_disturb_each_other(native_build: Path, native_toy: Path) -> None:
    command = [str(native_build / "many_sessions"), str(native_toy), "8"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "8 sessions, 450 values each, 0 different\n"
