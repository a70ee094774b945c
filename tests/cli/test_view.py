"""`python -m sdk view`: which pages it writes of the toy, and what each bad call says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sdk.__main__ import main
from sdk.cli.common import run
from tests.bundle.conftest import edit_manifest
from tests.toy_bundle import speech_like

SECONDS = 0.7
NAMES = ["jawOpen", "mouthClose", "mouthPucker", "mouthFunnel", "jawLeft", "jawRight", "tongueOut", "browInnerUp"]

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``python -m sdk view ARGUMENTS`` in this process: exit code, stdout, stderr."""

    def call(*arguments: object, verb: str = "view") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["sdk", verb, *map(str, arguments)])
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


def document(path: Path) -> dict[str, Any]:
    """What the page says of itself."""
    found = re.search(r'id="document">(.*?)</script>', path.read_text())
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


def test_one_face(command: Command, rigged: Path, speech: Path, tmp_path: Path) -> None:
    code, out, _ = command(rigged, speech, "-o", tmp_path / "page.html")
    assert code == 0
    assert re.fullmatch(r".*page\.html: \d\.\d\d MB, 0\.70 s of audio, eager fp32: 21 frames at 30 fps\n", out), out
    said = document(tmp_path / "page.html")
    assert said["sides"][0]["channels"] == NAMES
    assert ["untrained", "the motion means nothing"] in said["sides"][0]["facts"]
    assert (said["speech"], said["phones"], "difference" in said) == ("speech.wav", [], False)


def test_another_target_beside_it(command: Command, rigged: Path, speech: Path, tmp_path: Path) -> None:
    code, out, _ = command(rigged, speech, "--compare", "eager:fp32", "-o", tmp_path / "page.html")
    assert code == 0
    assert "lips apart by 0.000 mm in the mean and 0.000 mm at most" in out
    assert [side["label"] for side in document(tmp_path / "page.html")["sides"]] == ["eager fp32", "eager fp32"]


def test_a_bundle_beside_an_animation_file(command: Command, rigged: Path, speech: Path, tmp_path: Path) -> None:
    assert command(rigged, speech, "-o", tmp_path / "clip.npz", verb="animate")[0] == 0
    code, out, _ = command(rigged, tmp_path / "clip.npz", speech, "-o", tmp_path / "page.html", "--title", "Both")
    assert code == 0
    assert "apart by 0.000 mm" in out
    said = document(tmp_path / "page.html")
    assert [side["label"] for side in said["sides"]] == ["rigged, eager fp32", "clip"]
    assert said["title"] == "Both"


def test_phones_come_from_beside_the_speech(command: Command, rigged: Path, speech: Path, tmp_path: Path) -> None:
    speech.with_suffix(".phones.txt").write_text("0.1\t0.2\tm\n0.2\t0.4\tey\n")
    assert command(rigged, speech, "-o", tmp_path / "page.html")[0] == 0
    assert document(tmp_path / "page.html")["phones"] == [["m", 0.1, 0.2], ["ey", 0.2, 0.4]]
    (tmp_path / "other.txt").write_text("0\t0.5\tb\n")
    assert command(rigged, speech, "-o", tmp_path / "page.html", "--phones", tmp_path / "other.txt")[0] == 0
    assert document(tmp_path / "page.html")["phones"] == [["b", 0, 0.5]]


def test_a_model_of_vertices_with_a_template(command: Command, toy_bundle: Path, speech: Path, tmp_path: Path) -> None:
    vertices = np.random.default_rng(0).normal(0, 20, (5, 3))
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + ["f 1 2 3", "f 3 4 5"]
    (tmp_path / "face.obj").write_text("\n".join(lines) + "\n")
    page = tmp_path / "page.html"
    code, _, _ = command(toy_bundle, speech, "--template", tmp_path / "face.obj", "-o", page)
    assert code == 0
    assert document(page)["sides"][0]["channels"] == []
    code, _, error = command(toy_bundle, speech, "-o", tmp_path / "none.html")
    assert code == 2
    assert "--template" in error
    assert not (tmp_path / "none.html").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["{bundle}", "-o", "{folder}/page.html"], "BUNDLE speech.wav"),
        (["{bundle}", "{bundle}", "{bundle}", "{speech}", "-o", "{folder}/page.html"], "3 things"),
        (["{bundle}", "{speech}", "-o", "{folder}/page.mp4"], ".html"),
        (["{bundle}", "{speech}", "-o", "{folder}/absent/page.html"], "absent"),
        (["{bundle}", "{speech}"], "--output"),
        (["{bundle}", "{folder}/absent.wav", "-o", "{folder}/page.html"], "absent.wav"),
        (["{bundle}", "{speech}", "--compare", "tpu", "-o", "{folder}/page.html"], "tpu"),
        (["{bundle}", "{speech}", "--compare", "eager:int3", "-o", "{folder}/page.html"], "int3"),
        (["{folder}/absent.npz", "{speech}", "-o", "{folder}/page.html"], "absent.npz"),
        (["{folder}/absent.npz", "{speech}", "--compare", "eager", "-o", "{folder}/page.html"], "--compare"),
        (["{bundle}", "{speech}", "--template", "{folder}/face.npy", "-o", "{folder}/page.html"], "face.npy"),
        (["{bundle}", "{speech}", "--phones", "{folder}/absent.txt", "-o", "{folder}/page.html"], "absent.txt"),
    ],
)
def test_bad_calls(command: Command, rigged: Path, speech: Path, arguments: list[str], word: str) -> None:
    tmp_path = speech.parent
    places = {"bundle": rigged, "speech": speech, "folder": tmp_path}
    code, out, error = command(*(argument.format(**places) for argument in arguments))
    assert (code, out) == (2, "")
    assert error.count("\n") == 1, error
    assert word in error
    assert not (tmp_path / "page.html").exists()
