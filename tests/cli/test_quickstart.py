"""The sample in samples/ runs as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import soundfile

from tests.toy_bundle import speech_like

SAMPLE = Path(__file__).parents[2] / "samples" / "quickstart.py"


def test_quickstart(
    toy_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "speech.wav", speech_like(16_100), 16_000)
    monkeypatch.setattr("sys.argv", [str(SAMPLE), str(toy_bundle), str(tmp_path / "speech.wav")])
    runpy.run_path(str(SAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 31
    assert lines[0] == "frame    0 at sample     534: moved 0.000 mm"
    assert lines[30].startswith("1 more at the end; Report(samples=")


def test_it_stays_short() -> None:
    assert len(SAMPLE.read_text().splitlines()) <= 40
