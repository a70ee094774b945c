"""The Swift package: compiled, and its own tests run, by Swift 6."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.bindings.named_toy import build_named_toy

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "runtime_bindings" / "swift"


@pytest.fixture(scope="module")
def swift_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where .ci/swift keeps its Debian. `NOWFACE_SWIFT_ROOT` names a folder that is kept for the next run."""
    kept = os.environ.get("NOWFACE_SWIFT_ROOT")
    return Path(kept) if kept else tmp_path_factory.mktemp("swift") / "root"


@pytest.fixture(scope="module")
def named_toy(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_named_toy(tmp_path_factory.mktemp("named") / "bundle")


@pytest.mark.slow
def test_the_package_passes_its_tests(native_build: Path, named_toy: Path, swift_root: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.safetensors"
    subprocess.run([native_build / "nowface-replay", named_toy, "-o", trace], check=True, capture_output=True)
    told = load_file(trace)
    (tmp_path / "pcm.f32").write_bytes(told["pcm"].tobytes())
    (tmp_path / "frames.f32").write_bytes(told["output.motion_decoder.coefficients"].tobytes())
    mounted = [native_build, named_toy.parent, tmp_path, Path(sys.prefix), Path(sys.base_prefix)]
    mounts = [word for folder in mounted for word in ("--mount", str(folder))]
    variables = {"LD_LIBRARY_PATH": native_build, "NOWFACE_TEST_BUNDLE": named_toy, "NOWFACE_TEST_FRAMES": tmp_path}
    environment = ["env", *(f"{key}={value}" for key, value in variables.items())]
    # The wheel's libraries name functions of CPython that nobody calls.
    linker = ["-Xlinker", f"-L{native_build}", "-Xlinker", "--allow-shlib-undefined"]
    swift = ["swift", "test", "--package-path", str(PACKAGE), "--scratch-path", str(tmp_path / "build"), *linker]
    command = ["bash", str(ROOT / ".ci" / "swift"), *mounts, str(swift_root), *environment, *swift]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-10_000:]
    tests = (
        (PACKAGE / "Tests" / "NowfaceTests" / "SessionTests.swift").read_text(encoding="utf-8").count("    func test")
    )
    assert f"Executed {tests} tests, with 0 failures" in done.stdout + done.stderr


def test_the_c_module_is_the_header_of_this_repository() -> None:
    folder = PACKAGE / "Sources" / "CNowface"
    header = (folder / "module.modulemap").read_text(encoding="utf-8").split('header "')[1].split('"')[0]
    assert (folder / header).resolve() == ROOT / "runtime_bindings" / "cpp" / "include" / "nowface.h"
