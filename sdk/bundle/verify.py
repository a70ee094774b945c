"""The folder against its manifest: every listed file is there with its size and hash, and nothing else is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sdk.bundle.errors import (
    REEXPORT,
    HashMismatchError,
    MissingFileError,
    SizeMismatchError,
    UnlistedFileError,
    shown,
)
from sdk.bundle.manifest import FileRecord, Manifest
from sdk.bundle.paths import MANIFEST, meta_files, walk


def check_files(folder: Path, manifest: Manifest, *, hashes: bool = True) -> None:
    """Compare the folder with the manifest's list of files.

    ``NAME.meta``, which Unity's editor writes beside the manifest, a listed file or a folder of one, is passed over.

    Args:
        folder: the bundle.
        manifest: its checked manifest.
        hashes: read every file and compare its SHA-256; False compares names and sizes only.

    Raises:
        UnsafePathError, UnlistedFileError, MissingFileError, SizeMismatchError, HashMismatchError: see each class.
    """
    listed = {file.path: file for file in manifest.files}
    passed_over = {MANIFEST, *meta_files(listed)} - listed.keys()
    found: set[str] = set()
    try:
        for path, status in walk(folder):
            if path in passed_over:
                continue
            if path not in listed:
                raise UnlistedFileError(
                    folder / shown(path), "is not listed in the manifest", "remove it from the bundle"
                )
            if status.st_size != listed[path].bytes:
                problem = f"has {status.st_size} bytes, the manifest says {listed[path].bytes}"
                raise SizeMismatchError(folder / path, problem, REEXPORT)
            found.add(path)
    except OSError as error:
        raise MissingFileError(folder, f"cannot be read ({error.strerror})", "check its permissions") from error
    absent = sorted(set(listed) - found)
    if absent:
        raise MissingFileError(folder / absent[0], "is listed in the manifest and missing", REEXPORT)
    if hashes:
        for file in manifest.files:
            _check_hash(folder, file)


def file_record(folder: Path, path: str) -> FileRecord:
    """Measure one file of `folder` for the manifest.

    Raises:
        OSError: it cannot be read.
    """
    with (folder / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(path=path, sha256=digest, bytes=file.tell())


def _check_hash(folder: Path, listed: FileRecord) -> None:
    try:
        found = file_record(folder, listed.path)
    except OSError as error:
        raise MissingFileError(folder / listed.path, f"cannot be read ({error.strerror})", REEXPORT) from error
    if found.bytes != listed.bytes:
        problem = f"has {found.bytes} bytes, the manifest says {listed.bytes}"
        raise SizeMismatchError(folder / listed.path, problem, REEXPORT)
    if found.sha256 != listed.sha256:
        raise HashMismatchError(folder / listed.path, "its content is not what the manifest's SHA-256 says", REEXPORT)
