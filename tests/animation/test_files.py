"""What all formats share: refusals, and nothing left behind."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sdk.animation.files import open_animation
from sdk.animation.formats import FORMATS, find_format
from sdk.errors import MissingDependencyError, UsageError
from sdk.runtime.frame import Frame
from tests.animation.clips import channels, head_layout, tone, write

EVERY = pytest.mark.parametrize("name", FORMATS)


def path_of(folder: Path, name: str) -> Path:
    return folder / f"clip{FORMATS[name].suffix}"


@EVERY
def test_no_frame(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no frame"):
        write(path_of(tmp_path, name), head_layout(), np.zeros((0, 52), np.float32), name)
    assert not list(tmp_path.iterdir())


@EVERY
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite(tmp_path: Path, name: str, bad: float) -> None:
    values = np.zeros((3, 52), np.float32)
    values[1, 7] = bad
    with pytest.raises(UsageError, match="frame 1 holds NaN or infinity"):
        write(path_of(tmp_path, name), head_layout(), values, name)
    assert not list(tmp_path.iterdir())


@EVERY
def test_one_frame_and_no_sound(tmp_path: Path, name: str) -> None:
    path = write(path_of(tmp_path, name), head_layout(), np.zeros((1, 52), np.float32), name)
    assert path.stat().st_size


@EVERY
def test_an_error_in_the_block_keeps_the_older_file(tmp_path: Path, name: str) -> None:
    path = path_of(tmp_path, name)
    path.write_text("older")

    def stopped() -> Iterator[np.ndarray]:
        yield np.zeros(52, np.float32)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(path, head_layout(sound=tone()), stopped(), name)
    assert path.read_text() == "older"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@EVERY
def test_a_disk_that_is_full(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sdk.animation.files.Path.replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        write(path_of(tmp_path, name), head_layout(), np.zeros((1, 52), np.float32), name)


@pytest.mark.parametrize(("suffix", "package"), [(".glb", "pygltflib"), (".usda", "pxr"), (".glb", "PIL")])
def test_a_package_that_is_missing(tmp_path: Path, suffix: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [module for module in sys.modules if module.split(".")[0] == package or "sdk.animation.gl" in module]:
        monkeypatch.delitem(sys.modules, module)
    for module in ("usd_file", "usd_scene"):
        monkeypatch.delitem(sys.modules, f"sdk.animation.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=r"nowface\[animation\]"):
        write(tmp_path / f"a{suffix}", head_layout(), np.zeros((1, 52), np.float32))
    assert not list(tmp_path.iterdir())


def test_the_suffix_means_a_format(tmp_path: Path) -> None:
    for name, form in FORMATS.items():
        assert find_format(tmp_path / f"a{form.suffix}", name) == form
    assert find_format(tmp_path / "a.CSV") == FORMATS["csv"]


def test_a_path_may_be_text(tmp_path: Path) -> None:
    path = str(tmp_path / "a.npz")
    assert find_format(path) == FORMATS["npz"]
    with open_animation(path, channels()) as add:
        add(Frame(0, 534, np.full(52, 0.25, np.float32), {}))
    assert (np.load(path)["values"] == 0.25).all()


@pytest.mark.parametrize(
    ("file", "name", "words"),
    [
        ("a.fbx", None, "kind of file is unknown; end the name with .npz or .csv"),
        ("a", None, "kind of file is unknown"),
        ("a.csv", "glb", "no name of a glb file; end the name with .glb"),
        ("a.glb", "live-link-face", "end the name with .csv"),
        ("absent/a.glb", None, "cannot be a file there"),
    ],
)
def test_a_name_that_cannot_be(tmp_path: Path, file: str, name: str | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_format(tmp_path / file, name)


@pytest.mark.parametrize("name", ["npz", "csv", "live-link-face", "json"])
def test_frames_go_to_the_disk_as_they_come(tmp_path: Path, name: str) -> None:
    """Memory, but for Python's own buffers, does not grow with the clip: 100 times the frames, at most twice the peak.

    What is left is the number and due sample of each frame of a .npz file, 16 bytes at its end.
    """

    def peak(frames: int) -> int:
        layout, row = channels(), np.full(52, 0.123456789, np.float32)
        tracemalloc.start()
        with open_animation(path_of(tmp_path, name), layout, name) as add:
            for index in range(frames):
                add(Frame(index, index, row, {}))
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(1)
    assert peak(2000) < peak(20) + 2000 * 200, "a frame is 208 bytes as float32 and ten times as much as numbers"
