"""`python -m sdk view`: which pages it writes of the toy, and what each bad call says."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import NAMES, Command


@pytest.fixture
def view(command: Command) -> Command:
    """``python -m sdk view ARGUMENTS``."""
    return partial(command, "view")


def document(path: Path) -> dict[str, Any]:
    """What the page says of itself."""
    found = re.search(r'id="document">(.*?)</script>', path.read_text())
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


def test_one_face(view: Command, rigged: Path, speech: Path, tmp_path: Path) -> None:
    code, out, _ = view(rigged, speech, "-o", tmp_path / "page.html")
    assert code == 0
    assert re.fullmatch(r".*page\.html: \d\.\d\d MB, 0\.70 s of audio, eager fp32: 21 frames at 30 fps\n", out), out
    said = document(tmp_path / "page.html")
    assert said["sides"][0]["channels"] == NAMES
    assert ["untrained", "the motion means nothing"] in said["sides"][0]["facts"]
    assert (said["speech"], said["phones"], "difference" in said) == ("speech.wav", [], False)


def test_another_target_beside_it(view: Command, rigged: Path, speech: Path, tmp_path: Path) -> None:
    code, out, _ = view(rigged, speech, "--compare", "eager:fp32", "-o", tmp_path / "page.html")
    assert code == 0
    assert "lips apart by 0.000 mm in the mean and 0.000 mm at most" in out
    assert [side["label"] for side in document(tmp_path / "page.html")["sides"]] == ["eager fp32", "eager fp32"]


def test_bundles_of_one_name_are_told_apart_by_their_folders(
    view: Command, rigged: Path, speech: Path, tmp_path: Path
) -> None:
    """Two exports to two --output-dirs both lie in a folder of their model's name."""
    for folder in ("zero", "later"):
        shutil.copytree(rigged, tmp_path / folder / "model")
    two = (tmp_path / "zero" / "model", tmp_path / "later" / "model")
    assert view(*two, speech, "-o", tmp_path / "page.html")[0] == 0
    labels = [side["label"] for side in document(tmp_path / "page.html")["sides"]]
    assert labels == ["zero, eager fp32", "later, eager fp32"]


def test_a_bundle_beside_an_animation_file(
    command: Command, view: Command, rigged: Path, speech: Path, tmp_path: Path
) -> None:
    assert command("animate", rigged, speech, "-o", tmp_path / "clip.npz")[0] == 0
    code, out, _ = view(rigged, tmp_path / "clip.npz", speech, "-o", tmp_path / "page.html", "--title", "Both")
    assert code == 0
    assert "apart by 0.000 mm" in out
    said = document(tmp_path / "page.html")
    assert [side["label"] for side in said["sides"]] == ["rigged, eager fp32", "clip"]
    assert said["title"] == "Both"


def test_a_retarget_shapes_the_frames_of_each_side(command: Command, view: Command, rigged: Path, speech: Path) -> None:
    """What the page draws is what `animate` writes with the same file, and the page says so."""
    folder = speech.parent
    avatar = folder / "avatar.json"
    avatar.write_text('{"format_version": 1, "other_channels": {"gain": 0, "offset": 0.25}}')
    assert command("animate", rigged, speech, "--retarget", avatar, "-o", folder / "clip.npz")[0] == 0
    code, out, _ = view(rigged, folder / "clip.npz", speech, "--retarget", avatar, "-o", folder / "page.html")
    assert code == 0
    assert "lips apart by 0.000 mm in the mean and 0.000 mm at most" in out
    sides = document(folder / "page.html")["sides"]
    assert ["retarget", "avatar.json"] in sides[0]["facts"]
    assert not any(name == "retarget" for name, _ in sides[1]["facts"])
    code, out, _ = view(rigged, rigged, speech, "--retarget", avatar, "-o", folder / "page.html")
    assert "apart by 0.000 mm" in out
    assert command("animate", rigged, speech, "-o", folder / "plain.npz")[0] == 0
    code, out, _ = view(rigged, folder / "plain.npz", speech, "--retarget", avatar, "-o", folder / "page.html")
    assert "apart by 0.000 mm" not in out, "the retarget moves the lips"


def test_phones_come_from_beside_the_speech(view: Command, rigged: Path, speech: Path, tmp_path: Path) -> None:
    speech.with_suffix(".phones.txt").write_text("0.1\t0.2\tm\n0.2\t0.4\tey\n")
    assert view(rigged, speech, "-o", tmp_path / "page.html")[0] == 0
    assert document(tmp_path / "page.html")["phones"] == [["m", 0.1, 0.2], ["ey", 0.2, 0.4]]
    (tmp_path / "other.txt").write_text("0\t0.5\tb\n")
    assert view(rigged, speech, "-o", tmp_path / "page.html", "--phones", tmp_path / "other.txt")[0] == 0
    assert document(tmp_path / "page.html")["phones"] == [["b", 0, 0.5]]


def test_a_model_of_vertices_with_a_template(view: Command, toy_bundle: Path, speech: Path, tmp_path: Path) -> None:
    vertices = np.random.default_rng(0).normal(0, 20, (5, 3))
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + ["f 1 2 3", "f 3 4 5"]
    (tmp_path / "face.obj").write_text("\n".join(lines) + "\n")
    page = tmp_path / "page.html"
    code, _, _ = view(toy_bundle, speech, "--template", tmp_path / "face.obj", "-o", page)
    assert code == 0
    assert document(page)["sides"][0]["channels"] == []
    code, _, error = view(toy_bundle, speech, "-o", tmp_path / "none.html")
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
        (["{folder}/absent.npz", "{speech}", "--retarget", "a.json", "-o", "{folder}/page.html"], "--retarget"),
        (["{bundle}", "{speech}", "--retarget", "{folder}/absent.json", "-o", "{folder}/page.html"], "absent.json"),
        (["{bundle}", "{speech}", "--template", "{folder}/face.npy", "-o", "{folder}/page.html"], "face.npy"),
        (["{bundle}", "{speech}", "--phones", "{folder}/absent.txt", "-o", "{folder}/page.html"], "absent.txt"),
    ],
)
def test_bad_calls(view: Command, rigged: Path, speech: Path, arguments: list[str], word: str) -> None:
    tmp_path = speech.parent
    places = {"bundle": rigged, "speech": speech, "folder": tmp_path}
    code, out, error = view(*(argument.format(**places) for argument in arguments))
    assert (code, out) == (2, "")
    assert error.count("\n") == 1, error
    assert word in error
    assert not (tmp_path / "page.html").exists()
