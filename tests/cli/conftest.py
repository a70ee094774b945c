"""The command line as a test calls it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from sdk.__main__ import main
from sdk.cli.common import run
from tests.bundle.conftest import edit_manifest
from tests.toy_bundle import speech_like

Command = Callable[..., tuple[int, str, str]]
SECONDS = 0.7
NAMES = ["jawOpen", "mouthClose", "mouthPucker", "mouthFunnel", "jawLeft", "jawRight", "tongueOut", "browInnerUp"]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``python -m sdk ARGUMENTS`` in this process: exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["sdk", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            run(main, "python -m sdk")
        said = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, said.out, said.err

    return call


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "speech.wav", speech_like(round(SECONDS * 16_000)), 16_000)
    return tmp_path / "speech.wav"


@pytest.fixture
def rigged(toy_bundle: Path, tmp_path: Path) -> Path:
    """The toy with channels of ARKit's names."""
    folder = Path(shutil.copytree(toy_bundle, tmp_path / "rigged"))
    edit_manifest(folder, lambda m: m.update(channels=NAMES, unit="1"))
    edit_manifest(folder, lambda m: m["pipeline"].update(values="motion_decoder.coefficients"))
    return folder
