"""The npm package, built once, and bundles for it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "runtime_bindings" / "web"


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the package's folder."""
    arguments = [str(part) for part in command]
    return subprocess.run(
        arguments, cwd=PACKAGE, env=os.environ | environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="session")
def package() -> Path:
    """Folder of the package, its dependencies installed as the lock file says and its TypeScript compiled."""
    lock, installed = PACKAGE / "package-lock.json", PACKAGE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        done = run("npm", "ci", "--no-audit", "--no-fund")
        assert done.returncode == 0, done.stderr
    done = run("npm", "run", "build")
    assert done.returncode == 0, done.stdout + done.stderr
    return PACKAGE


@pytest.fixture(scope="session")
def toy_onnx_bundle(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy at 29.97 frames a second, half a hop late: prepare stage, window, phase, feedback. Eager and onnx."""
    from export.exporter import export_bundle
    from export.plan import plan_jobs
    from export.targets.base import LoweringOptions
    from sdk.models.registry import BuildOptions
    from sdk.spec import FrameRate
    from tests.toy import ENTRY
    from tests.toy_bundle import speech_like

    staged = ENTRY.build(BuildOptions(frame_rate=FrameRate.parse("29.97"), lookahead_samples=160))
    folder = tmp_path_factory.mktemp("web") / "toy"
    export_bundle(
        staged,
        plan_jobs(["onnx"], ["fp32"]),
        folder,
        options=LoweringOptions(),
        speech=speech_like(32_000),
        parity=False,
    )
    return folder
