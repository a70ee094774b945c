"""`nowface-check` accepts the folders that `Bundle.open` does, and tells in one line what is wrong with others."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sdk.bundle import Bundle
from sdk.errors import BundleError
from tests.bundle import test_hostile
from tests.bundle.conftest import FOREIGN_META, edit_manifest, meta_files


class Damage:
    """Ways to spoil a folder beyond its manifest: the public methods."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = folder / "manifest.json"
        self.vectors = folder / "vectors.safetensors"
        self.weights = folder / "reference" / "weights.safetensors"

    def missing(self) -> None:
        self.vectors.unlink()

    def unlisted(self) -> None:
        (self.folder / "extra").touch()

    def unlisted_and_no_text(self) -> None:
        (self.folder / os.fsdecode(b"a\x1b[31m\xff")).touch()

    def unlisted_below(self) -> None:
        self.weights.with_name("extra").touch()

    def link_with_the_name_of_a_meta_file(self) -> None:
        (self.folder / "README.md.meta").symlink_to("README.md")

    def longer(self) -> None:
        self.vectors.write_bytes(self.vectors.read_bytes() + b"\0")

    def other_content(self) -> None:
        self.weights.write_bytes(bytes(self.weights.stat().st_size))

    def link_to_a_file(self) -> None:
        self._put_behind_a_link(self.vectors)

    def link_to_a_folder(self) -> None:
        self._put_behind_a_link(self.weights.parent)

    def link_to_the_manifest(self) -> None:
        self._put_behind_a_link(self.manifest)

    def link_to_nothing(self) -> None:
        (self.folder / "extra").symlink_to("nowhere")

    def pipe(self) -> None:
        os.mkfifo(self.folder / "extra")

    def manifest_is_a_pipe(self) -> None:
        self.manifest.unlink()
        os.mkfifo(self.manifest)

    def manifest_is_a_folder(self) -> None:
        self.manifest.unlink()
        self.manifest.mkdir()

    def no_manifest(self) -> None:
        self.manifest.unlink()

    def no_folder(self) -> None:
        shutil.rmtree(self.folder)

    def a_file_in_the_place_of_a_folder(self) -> None:
        shutil.rmtree(self.weights.parent)
        self.weights.parent.touch()

    def parameters_of_another_shape(self) -> None:
        replace_parameters(self.folder, (1, 3), 0)

    def parameters_that_are_not_finite(self) -> None:
        replace_parameters(self.folder, (1, 2), np.nan)

    def _put_behind_a_link(self, path: Path) -> None:
        aside = self.folder.parent / "aside"
        path.rename(aside)
        path.symlink_to(aside, target_is_directory=aside.is_dir())


def replace_parameters(folder: Path, style: tuple[int, ...], value: float) -> None:
    """Another file of parameters, whose hash is in the manifest; `style` is the shape of the second, (1, 2) before."""
    path = folder / "parameters.safetensors"
    save_file({"template": np.zeros((5, 3), np.float32), "style": np.full(style, value, np.float32)}, path)
    test_hostile.relist(folder, path.name)


def check(build: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([build / "nowface-check", folder], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("way", [way for way in vars(Damage) if not way.startswith("_")])
def test_damaged_folders(native_build: Path, toy_bundle: Path, tmp_path: Path, way: str) -> None:
    folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
    getattr(Damage(folder), way)()
    with pytest.raises(BundleError):
        Bundle.open(folder)
    told = check(native_build, folder)
    assert told.returncode == 2
    assert told.stdout.count("\n") == 1
    assert told.stdout.removesuffix("\n").isprintable()
    assert told.stdout.startswith(str(folder))


@pytest.mark.parametrize("name", FOREIGN_META)
def test_a_meta_file_beside_nothing(native_build: Path, toy_bundle: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    assert "is not listed in the manifest" in check(native_build, folder).stdout


def test_sound_folders(native_build: Path, toy_bundle: Path, tmp_path: Path) -> None:
    """As exported, reached by a link, with an empty folder more, with other parameters; in Unity's Assets."""
    folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
    (folder / "empty").mkdir()
    replace_parameters(folder, (1, 2), 1)
    (tmp_path / "current").symlink_to(folder, target_is_directory=True)
    in_unity = Path(shutil.copytree(toy_bundle, tmp_path / "faceformer"))
    for path in meta_files(in_unity):
        path.write_text("fileFormatVersion: 2\n")
    for path in (toy_bundle, folder, tmp_path / "current", in_unity):
        Bundle.open(path)
        assert check(native_build, path).stdout == "ok\n"


def test_names_cannot_write_to_the_terminal(native_build: Path, toy_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
    edit_manifest(folder, lambda m: m.update({"\x1b]0;owned\x07\n\u202e\u2028": 1}))
    told = check(native_build, folder)
    assert told.returncode == 2
    assert "'\\x1b]0;owned\\x07\\n\\u202e\\u2028' is not known" in told.stdout
