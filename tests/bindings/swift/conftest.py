"""Swift 6 in a Debian of its own, and what the tests that it runs are given."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.bindings.named_toy import CHANNELS

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "runtime_bindings" / "swift"


def count_tests(folder: Path) -> int:
    """How many tests the Swift files of a folder hold."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.swift")))
    return sum(len(re.findall(r"^    func test", text, re.MULTILINE)) for text in texts)


def page_blocks(module: str) -> list[str]:
    """The examples of the documentation's page that begin with the import of a module."""
    page = (ROOT / "docs" / "swift.md").read_text(encoding="utf-8")
    return re.findall(rf"```swift\n(import {module}\n.*?)```", page, re.DOTALL)


@dataclass(frozen=True)
class Swift:
    """Where .ci/swift keeps its Debian, a folder that is seen from inside and built in, and what tests find there."""

    root: Path
    folder: Path
    seen: tuple[Path, ...]
    native: Path
    variables: Mapping[str, Path]

    def run(self, *command: object) -> str:
        """What the command says; fails the test when the command fails."""
        mounts = [word for folder in (self.folder, *self.seen) for word in ("--mount", str(folder))]
        script = ["bash", str(ROOT / ".ci" / "swift"), *mounts, str(self.root)]
        done = subprocess.run([*script, *map(str, command)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-10_000:]
        return done.stdout + done.stderr

    def test(self, package: Path, build: str) -> str:
        """Build a package against the native library and run its tests."""
        variables = [f"{key}={value}" for key, value in self.variables.items()]
        # The wheel's libraries name functions of CPython that nobody calls.
        linker = ["-Xlinker", f"-L{self.native}", "-Xlinker", "--allow-shlib-undefined"]
        folders = ["--package-path", package, "--scratch-path", self.folder / build]
        return self.run("env", *variables, "swift", "test", *folders, *linker)


@pytest.fixture(scope="session")
def swift_toy(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of `named_toy` with programs for Core ML beside those for ExecuTorch."""
    from export.exporter import export_bundle
    from export.plan import plan_jobs
    from export.targets.base import LoweringOptions
    from sdk.models.registry import BuildOptions
    from tests.toy import ENTRY
    from tests.toy_bundle import speech_like

    folder = tmp_path_factory.mktemp("swift") / "bundle"
    staged = ENTRY.build(BuildOptions())
    pipeline = staged.pipeline.model_copy(update={"values": "motion_decoder.coefficients"})
    named = replace(staged, pipeline=pipeline, channels=CHANNELS, unit="1", basis={})
    jobs = plan_jobs(["coreml", "executorch"], ["fp32"])
    export_bundle(named, jobs, folder, options=LoweringOptions(), speech=speech_like(16_000), parity=False)
    return folder


@pytest.fixture(scope="session")
def swift_given(native_build: Path, swift_toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the native tool played and computed, and the weights of the toy, as floats."""
    from tests.toy import toy_stages

    folder = tmp_path_factory.mktemp("given")
    subprocess.run([native_build / "nowface-replay", swift_toy, "-o", folder / "cpp.safetensors"], check=True)
    told = load_file(folder / "cpp.safetensors")
    (folder / "pcm.f32").write_bytes(told["pcm"].tobytes())
    (folder / "frames.f32").write_bytes(told["output.motion_decoder.coefficients"].tobytes())
    weights = [value.numpy().ravel() for stage in toy_stages() for value in stage.state_dict().values()]
    (folder / "toy.f32").write_bytes(np.concatenate(weights).astype("<f4").tobytes())
    return folder


@pytest.fixture(scope="session")
def swift(
    native_build: Path,
    native_toy: Path,
    swift_toy: Path,
    swift_given: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Swift:
    """`NOWFACE_SWIFT_ROOT` names a folder that is kept for the next run."""
    kept = os.environ.get("NOWFACE_SWIFT_ROOT")
    bundles = (swift_toy.parent, native_toy.parent, swift_given)
    return Swift(
        root=Path(kept) if kept else tmp_path_factory.mktemp("swift") / "root",
        folder=tmp_path_factory.mktemp("package"),
        seen=(*bundles, native_build, Path(sys.prefix), Path(sys.base_prefix)),
        native=native_build,
        variables={
            "LD_LIBRARY_PATH": native_build,
            "NOWFACE_TEST_BUNDLE": swift_toy,
            "NOWFACE_TEST_SIGNALS": native_toy,
            "NOWFACE_TEST_FRAMES": swift_given,
            "NOWFACE_TEST_TOY": swift_given / "toy.f32",
        },
    )
