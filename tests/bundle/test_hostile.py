"""Each way a bundle can be damaged or forged has its own error class, found on opening, told in one line."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sdk.bundle import Bundle, errors
from sdk.bundle.json_text import MAX_BYTES
from sdk.bundle.verify import file_record
from sdk.errors import BundleError
from tests.bundle.conftest import FOREIGN_META, assert_one_line, edit_manifest, meta_files


def refusal(folder: Path, expected: type[BundleError], **options: Any) -> BundleError:
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder, **options)
    assert type(caught.value) is expected
    assert caught.value.exit_code == 2
    assert_one_line(caught.value)
    return caught.value


def relist(folder: Path, path: str) -> None:
    """Make the manifest's record of `path` that of its present content."""
    record = file_record(folder, path).model_dump()
    edit_manifest(folder, lambda m: m["files"].__setitem__(slice(None), [*_without(m["files"], path), record]))


def _without(files: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    return [file for file in files if file["path"] != path]


class TestNotABundle:
    def test_no_folder(self, tmp_path: Path) -> None:
        assert "does not exist" in str(refusal(tmp_path / "absent", errors.NotABundleError))

    def test_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        assert "is not a folder" in str(refusal(tmp_path / "file", errors.NotABundleError))

    def test_no_manifest(self, tmp_path: Path) -> None:
        assert "has no manifest.json" in str(refusal(tmp_path, errors.NotABundleError))

    def test_manifest_is_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "manifest.json").mkdir()
        refusal(tmp_path, errors.NotABundleError)

    def test_manifest_is_a_pipe(self, tmp_path: Path) -> None:
        """Reading a pipe would wait for ever."""
        os.mkfifo(tmp_path / "manifest.json")
        refusal(tmp_path, errors.NotABundleError)


class TestManifestText:
    @pytest.mark.parametrize(
        "data",
        [b"", b"\x00", b"\xff\xfe{}", b"{", b"[]", b"null", b'"manifest"', b'{"a": NaN}', b'{"a": -Infinity}', b"{}{}"],
    )
    def test_not_json(self, folder: Path, data: bytes) -> None:
        (folder / "manifest.json").write_bytes(data)
        refusal(folder, errors.ManifestNotJsonError)

    def test_half_a_character(self, folder: Path) -> None:
        edit_manifest(folder, lambda m: m["model"].update(title="\ud800"))
        refusal(folder, errors.ManifestNotJsonError)

    def test_nested_until_the_parser_gives_up(self, folder: Path) -> None:
        (folder / "manifest.json").write_bytes(b'{"a":' + b"[" * 1_000_000)
        refusal(folder, errors.ManifestNotJsonError)

    def test_nested_deeper_than_any_manifest(self, folder: Path) -> None:
        edit_manifest(folder, lambda m: m["model"].update(config={"a": json.loads("[" * 40 + "]" * 40)}))
        refusal(folder, errors.WrongValueError)

    @pytest.mark.parametrize("number", ["1e999", "9" * 5000, str(2**53 + 1), "-1e400"])
    def test_number_too_large(self, folder: Path, number: str) -> None:
        path = folder / "manifest.json"
        path.write_text(path.read_text().replace('"width": 8', f'"width": {number}'))
        refusal(folder, errors.WrongValueError)

    def test_too_many_entries(self, folder: Path) -> None:
        edit_manifest(folder, lambda m: m["model"].update(config={"a": [0] * 5000}))
        refusal(folder, errors.WrongValueError)

    def test_too_big(self, folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_bytes(path.read_bytes() + b" " * MAX_BYTES)
        refusal(folder, errors.ManifestTooBigError)

    def test_largest_allowed(self, folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_bytes(path.read_bytes().ljust(MAX_BYTES))
        Bundle.open(folder)

    @pytest.mark.parametrize("text", ['"format_version": 1,', '"unit": "mm",'])
    def test_key_twice(self, folder: Path, text: str) -> None:
        path = folder / "manifest.json"
        path.write_text(path.read_text().replace(text, text + text, 1))
        refusal(folder, errors.DuplicateKeyError)


class TestManifestContent:
    @pytest.mark.parametrize("version", [0, 2, "1", 1.0, True, None, [1]])
    def test_format_version(self, folder: Path, version: object) -> None:
        edit_manifest(folder, lambda m: m.update(format_version=version))
        refusal(folder, errors.FormatVersionError)

    @pytest.mark.parametrize(
        "where", [(), ("model",), ("pipeline",), ("files", 0), ("targets", 0), ("pipeline", "stages", 0)]
    )
    def test_unknown_key(self, folder: Path, where: tuple[str | int, ...]) -> None:
        def change(manifest: Any) -> None:
            for step in where:
                manifest = manifest[step]
            manifest["surprise"] = 1

        edit_manifest(folder, change)
        assert "surprise" in str(refusal(folder, errors.UnknownKeyError))

    @pytest.mark.parametrize("key", ["format_version", "model", "pipeline", "unit", "files", "targets", "parameters"])
    def test_missing_key(self, folder: Path, key: str) -> None:
        edit_manifest(folder, lambda m: m.pop(key))
        assert key in str(refusal(folder, errors.MissingKeyError))

    @pytest.mark.parametrize(
        "change",
        [
            lambda m: m.update(unit=3),
            lambda m: m["model"].update(trained="yes"),
            lambda m: m["files"][0].update(bytes=-1),
            lambda m: m["files"][0].update(bytes="12"),
            lambda m: m["files"][0].update(sha256="0" * 63),
            lambda m: m["files"][0].update(sha256="Z" * 64),
            lambda m: m["pipeline"].update(hop=0),
            lambda m: m["pipeline"].update(values="motion_decoder.absent"),
            lambda m: m["pipeline"]["stages"].reverse(),
            lambda m: m["pipeline"]["stages"].append(m["pipeline"]["stages"][1]),
            lambda m: m["pipeline"]["parameters"][1].update(shape=[1, 2**31]),
            lambda m: m["pipeline"]["stages"][0]["state"][0].update(shape=[2**16, 2**16]),
            lambda m: m["targets"].append(m["targets"][0]),
            lambda m: m["targets"][0]["artefacts"].pop("identity"),
            lambda m: m["targets"][0]["artefacts"].update(other="README.md"),
            lambda m: m["targets"][0]["artefacts"].update(identity="absent.bin"),
            lambda m: m.update(parameters="absent.safetensors"),
            lambda m: m.update(vectors="absent.safetensors"),
            lambda m: m.update(channels=["jaw", "brow"]),
            lambda m: m.update(channels=["jaw"] * 15),
        ],
    )
    def test_wrong_value(self, folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
        edit_manifest(folder, change)
        refusal(folder, errors.WrongValueError)

    def test_names_cannot_write_to_the_terminal(self, folder: Path) -> None:
        """An escape sequence in a key arrives at the terminal spelt out."""
        edit_manifest(folder, lambda m: m.update({"\x1b]0;owned\x07\n": 1}))
        assert "\\x1b" in str(refusal(folder, errors.UnknownKeyError))


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "../outside",
            "a/../../outside",
            "..",
            ".",
            "",
            "/etc/passwd",
            "//server/share",
            "C:/windows",
            "C:file",
            "a\\b",
            "a//b",
            "a/",
            "./a",
            "a\x00b",
            "a\nb",
            "file:stream",
            ".hidden",
            "trailing.",
            "a /b",
            "nul",
            "a/COM1.txt",
            "\u202etxt.exe",
            "e\u0301",
            "a" * 201,
        ],
    )
    @pytest.mark.parametrize("field", ["files", "artefacts", "parameters"])
    def test_unsafe(self, folder: Path, path: str, field: str) -> None:
        def change(manifest: dict[str, Any]) -> None:
            if field == "files":
                manifest["files"][0]["path"] = path
            elif field == "artefacts":
                manifest["targets"][0]["artefacts"]["identity"] = path
            else:
                manifest["parameters"] = path

        edit_manifest(folder, change)
        refusal(folder, errors.UnsafePathError)

    @pytest.mark.parametrize("name", ["README.md", "vectors.safetensors", "manifest.json"])
    def test_link_to_the_same_content(self, folder: Path, tmp_path: Path, name: str) -> None:
        (folder / name).rename(tmp_path / "elsewhere")
        (folder / name).symlink_to(tmp_path / "elsewhere")
        refusal(folder, errors.UnsafePathError)

    def test_link_to_a_folder(self, folder: Path, tmp_path: Path) -> None:
        (folder / "reference").rename(tmp_path / "reference")
        (folder / "reference").symlink_to(tmp_path / "reference", target_is_directory=True)
        refusal(folder, errors.UnsafePathError)

    def test_link_that_is_not_listed(self, folder: Path) -> None:
        (folder / "extra").symlink_to("/etc/passwd")
        refusal(folder, errors.UnsafePathError)

    def test_special_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder)  # a socket's path is limited to about 100 bytes
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("extra")
            refusal(folder, errors.UnsafePathError)

    def test_the_bundle_itself_may_be_reached_by_a_link(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "current").symlink_to(folder, target_is_directory=True)
        Bundle.open(tmp_path / "current")

    @pytest.mark.parametrize("path", ["readme.MD", "README.md", "MANIFEST.json", "Reference/other", "readme.md/x"])
    def test_collision(self, folder: Path, path: str) -> None:
        edit_manifest(folder, lambda m: m["files"].append({"path": path, "sha256": "0" * 64, "bytes": 0}))
        refusal(folder, errors.CollidingPathError)


class TestFiles:
    @pytest.mark.parametrize("verify", [True, False])
    def test_missing(self, folder: Path, verify: bool) -> None:
        (folder / "README.md").unlink()
        assert "README.md" in str(refusal(folder, errors.MissingFileError, verify=verify))

    @pytest.mark.parametrize("verify", [True, False])
    @pytest.mark.parametrize("name", ["extra", "reference/extra", ".DS_Store", "new/folder/extra", "a\x1b[31m"])
    def test_unlisted(self, folder: Path, name: str, verify: bool) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
        refusal(folder, errors.UnlistedFileError, verify=verify)

    def test_what_unity_writes_beside_each_is_passed_over(self, folder: Path) -> None:
        for path in meta_files(folder):
            path.write_text("fileFormatVersion: 2\n")
        assert (folder / "manifest.json.meta").exists()
        assert (folder / "reference.meta").exists()
        assert (folder / "reference" / "weights.safetensors.meta").exists()
        Bundle.open(folder)

    @pytest.mark.parametrize("name", FOREIGN_META)
    def test_a_meta_file_beside_nothing(self, folder: Path, name: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
        refusal(folder, errors.UnlistedFileError)

    def test_a_meta_file_is_no_link(self, folder: Path) -> None:
        (folder / "README.md.meta").symlink_to("/etc/passwd")
        refusal(folder, errors.UnsafePathError)

    def test_a_listed_meta_file_is_checked(self, folder: Path) -> None:
        (folder / "README.md.meta").write_text("listed")
        relist(folder, "README.md.meta")
        Bundle.open(folder)
        (folder / "README.md.meta").write_text("LISTED")
        refusal(folder, errors.HashMismatchError)
        (folder / "README.md.meta").unlink()
        refusal(folder, errors.MissingFileError)

    @pytest.mark.parametrize("verify", [True, False])
    def test_size(self, folder: Path, verify: bool) -> None:
        with (folder / "vectors.safetensors").open("ab") as file:
            file.write(b"\0")
        assert "vectors.safetensors" in str(refusal(folder, errors.SizeMismatchError, verify=verify))

    def test_every_file_has_its_bytes_checked(self, folder: Path) -> None:
        """First, last and some bytes between, of every file, one flipped bit each."""
        generator = np.random.default_rng(0)
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json"]
        assert len(paths) == 5
        for path in paths:
            content = path.read_bytes()
            for offset in {0, len(content) - 1, *generator.integers(0, len(content), 8).tolist()}:
                spoilt = bytearray(content)
                spoilt[offset] ^= 1 << int(generator.integers(8))
                path.write_bytes(spoilt)
                assert path.name in str(refusal(folder, errors.HashMismatchError))
            path.write_bytes(content)
        Bundle.open(folder)

    def test_a_file_in_the_place_of_a_folder(self, folder: Path) -> None:
        content = (folder / "reference" / "weights.safetensors").read_bytes()
        (folder / "reference" / "weights.safetensors").unlink()
        (folder / "reference").rmdir()
        (folder / "reference").write_bytes(content)
        refusal(folder, errors.UnlistedFileError)

    def test_no_runtime_sees_a_file_of_a_damaged_bundle(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[object] = []
        monkeypatch.setattr("sdk.bundle.bundle.open_executor", seen.append)
        monkeypatch.setattr("sdk.bundle.bundle.read_specified", seen.append)
        weights = folder / "reference" / "weights.safetensors"
        weights.write_bytes(bytes(weights.stat().st_size))
        refusal(folder, errors.HashMismatchError)
        assert seen == []


class TestTensors:
    """Files whose hashes are right and whose content is not: made by a broken or hostile exporter."""

    @pytest.mark.parametrize(
        "change",
        [
            {"template": None},
            {"style": np.zeros((1, 3), np.float32)},
            {"template": np.zeros((5, 3), np.float64)},
            {"template": np.full((5, 3), np.nan, np.float32)},
            {"extra": np.zeros(1, np.float32)},
        ],
        ids=["one missing", "shape", "type", "NaN", "one more"],
    )
    def test_parameters(self, folder: Path, change: dict[str, np.ndarray | None]) -> None:
        tensors = {"template": np.zeros((5, 3), np.float32), "style": np.zeros((1, 2), np.float32)} | change
        save_file({n: t for n, t in tensors.items() if t is not None}, folder / "parameters.safetensors")
        relist(folder, "parameters.safetensors")
        assert "parameters.safetensors" in str(refusal(folder, errors.TensorFileError))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\xff" * 8,
            (2**63).to_bytes(8, "little") + b"{}",
            (2).to_bytes(8, "little") + b"{}",
            (9).to_bytes(8, "little") + b'{"a": 1}}',
        ],
    )
    def test_not_safetensors(self, folder: Path, data: bytes) -> None:
        (folder / "parameters.safetensors").write_bytes(data)
        relist(folder, "parameters.safetensors")
        refusal(folder, errors.TensorFileError)

    def test_basis(self, folder: Path) -> None:
        save_file({"basis": np.full(3, np.inf, np.float32)}, folder / "basis.safetensors")
        relist(folder, "basis.safetensors")
        with pytest.raises(errors.TensorFileError):
            Bundle.open(folder).basis()

    def test_weights_of_another_model(self, folder: Path) -> None:
        save_file({"identity.embed.weight": np.zeros((8, 3), np.float32)}, folder / "reference" / "weights.safetensors")
        relist(folder, "reference/weights.safetensors")
        with pytest.raises(errors.TensorFileError) as caught:
            Bundle.open(folder).session()
        assert_one_line(caught.value)

    def test_weights_unreadable(self, folder: Path) -> None:
        (folder / "reference" / "weights.safetensors").write_bytes(b"PK\x03\x04 a pickle, perhaps")
        relist(folder, "reference/weights.safetensors")
        with pytest.raises(errors.TensorFileError):
            Bundle.open(folder).executor()

    def test_pipeline_of_another_model(self, folder: Path) -> None:
        edit_manifest(folder, lambda m: m["pipeline"]["stages"][0]["state"][0].update(shape=[1, 81]))
        with pytest.raises(errors.WrongValueError) as caught:
            Bundle.open(folder).session()
        assert_one_line(caught.value)
