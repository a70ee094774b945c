"""RealtimeSanitizer over pushing and polling: what may block there, in our code or in what it calls, is reported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "runtime_bindings" / "cpp" / "tests" / "realtime_push.cpp"
HEADERS = ROOT / "runtime_bindings" / "cpp" / "include"
COMPILE = "clang++-22 -std=c++17 -O1 -fsanitize=realtime -Werror"


@pytest.mark.slow
def test_pushing_and_polling_never_block(native_build: Path, named_toy: Path, tmp_path: Path) -> None:
    """In both modes, the model's step included where it is computed within poll; a planted allocation is reported.

    `NOWFACE_SWIFT_ROOT` names a folder that keeps the Debian with clang 22 for the next run.
    """
    kept = os.environ.get("NOWFACE_SWIFT_ROOT")
    seen = (tmp_path, named_toy.parent, native_build, Path(sys.prefix), Path(sys.base_prefix))
    mounts = [word for folder in seen for word in ("--mount", str(folder))]
    debian = ["bash", str(ROOT / ".ci" / "swift"), *mounts, kept or str(tmp_path / "root")]
    made = tmp_path / "realtime_push"
    links = f"-L{native_build} -lnowface -Wl,-rpath,{native_build} -Wl,--allow-shlib-undefined"
    subprocess.run([*debian, *COMPILE.split(), f"-I{HEADERS}", PROGRAM, *links.split(), "-o", made], check=True)

    watched = subprocess.run([*debian, made, named_toy], capture_output=True, text=True, check=False)
    assert (watched.returncode, "Sanitizer" in watched.stderr) == (0, False), watched.stderr
    synchronous, worker = watched.stdout.splitlines()
    assert synchronous == "synchronous 179 frames"
    # How many the worker has done by the last poll is its own affair.
    assert 0 < int(worker.removeprefix("worker ").removesuffix(" frames")) <= 179
    planted = subprocess.run([*debian, made, named_toy, "plant"], capture_output=True, text=True, check=False)
    assert planted.returncode != 0
    assert "unsafe function `malloc`" in planted.stderr
