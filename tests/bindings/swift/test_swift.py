"""The Swift package: compiled, and its own tests run, by Swift 6."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from safetensors.numpy import load_file

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "runtime_bindings" / "swift"


@pytest.fixture(scope="module")
def swift_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where .ci/swift keeps its Debian. `NOWFACE_SWIFT_ROOT` names a folder that is kept for the next run."""
    kept = os.environ.get("NOWFACE_SWIFT_ROOT")
    return Path(kept) if kept else tmp_path_factory.mktemp("swift") / "root"


@pytest.fixture(scope="module")
def swift_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seen from inside, and built in."""
    return tmp_path_factory.mktemp("package")


def run_swift(root: Path, seen: Sequence[Path], *command: object) -> str:
    """Run a command where Swift is, and give what it prints."""
    mounts = [word for folder in seen for word in ("--mount", str(folder))]
    script = ["bash", str(ROOT / ".ci" / "swift"), *mounts, str(root)]
    done = subprocess.run([*script, *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-10_000:]
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_package_passes_its_tests(
    native_build: Path, named_toy: Path, swift_root: Path, swift_folder: Path
) -> None:
    trace = swift_folder / "trace.safetensors"
    subprocess.run([native_build / "nowface-replay", named_toy, "-o", trace], check=True, capture_output=True)
    told = load_file(trace)
    (swift_folder / "pcm.f32").write_bytes(told["pcm"].tobytes())
    (swift_folder / "frames.f32").write_bytes(told["output.motion_decoder.coefficients"].tobytes())
    seen = [native_build, named_toy.parent, swift_folder, Path(sys.prefix), Path(sys.base_prefix)]
    variables = {"LD_LIBRARY_PATH": native_build, "NOWFACE_TEST_BUNDLE": named_toy, "NOWFACE_TEST_FRAMES": swift_folder}
    environment = [f"{key}={value}" for key, value in variables.items()]
    # The wheel's libraries name functions of CPython that nobody calls.
    linker = ["-Xlinker", f"-L{native_build}", "-Xlinker", "--allow-shlib-undefined"]
    folders = ["--package-path", PACKAGE, "--scratch-path", swift_folder / "build"]
    printed = run_swift(swift_root, seen, "env", *environment, "swift", "test", *folders, *linker)
    tests = (
        (PACKAGE / "Tests" / "NowfaceTests" / "SessionTests.swift").read_text(encoding="utf-8").count("    func test")
    )
    assert f"Executed {tests} tests, with 0 failures" in printed


@pytest.mark.slow
def test_the_code_of_the_page_compiles(swift_root: Path, swift_folder: Path) -> None:
    page = (ROOT / "docs" / "swift.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```swift\n(.*?)```", page, re.DOTALL) if block.startswith("import ")]
    assert len(blocks) == 2
    folders = ["--package-path", PACKAGE, "--scratch-path", swift_folder / "build"]
    run_swift(swift_root, [swift_folder], "swift", "build", *folders)
    modules = ["-I", swift_folder / "build" / "debug" / "Modules", "-I", PACKAGE / "Sources" / "CNowface"]
    for number, block in enumerate(blocks):
        source = swift_folder / f"page{number}.swift"
        source.write_text(block, encoding="utf-8")
        options = ["-swift-version", "6", "-warnings-as-errors", "-typecheck", *modules]
        run_swift(swift_root, [swift_folder], "swiftc", *options, source)


def test_the_c_module_is_the_header_of_this_repository() -> None:
    folder = PACKAGE / "Sources" / "CNowface"
    header = (folder / "module.modulemap").read_text(encoding="utf-8").split('header "')[1].split('"')[0]
    assert (folder / header).resolve() == ROOT / "runtime_bindings" / "cpp" / "include" / "nowface.h"
