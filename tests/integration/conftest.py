"""The embedded default, exported once for all tests of this folder by the command of the README."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sdk.audio.files import load_speech
from sdk.bundle import Bundle
from sdk.pretrained import SPEECH

PAIRS = [
    ("eager", "fp32"),
    ("executorch", "fp32"),
    ("onnx", "fp32"),
    ("coreml", "fp16"),
    ("coreml", "fp32"),
]


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Folder of the default bundle, and what `python -m export` printed."""
    folder = tmp_path_factory.mktemp("export")
    command = [sys.executable, "-m", "export", "--output-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "faceformer", done


@pytest.fixture(scope="session")
def bundle(exported):
    with Bundle.open(exported[0]) as opened:
        yield opened


@pytest.fixture(scope="session")
def speech():
    return load_speech(SPEECH)
