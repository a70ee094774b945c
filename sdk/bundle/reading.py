"""`manifest.json` to a `Manifest`, each defect as its own error."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from pydantic import ValidationError

from sdk.bundle.errors import (
    REEXPORT,
    FormatVersionError,
    MissingKeyError,
    NotABundleError,
    UnknownKeyError,
    UnsafePathError,
    WrongValueError,
    shown,
)
from sdk.bundle.json_text import MAX_BYTES, parse_object
from sdk.bundle.manifest import FORMAT_VERSION, Manifest
from sdk.bundle.paths import MANIFEST, UNSAFE_PATH, check_collisions
from sdk.errors import BundleError

_CLASSES: dict[str, type[BundleError]] = {
    "extra_forbidden": UnknownKeyError,
    "missing": MissingKeyError,
    UNSAFE_PATH: UnsafePathError,
}


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of the bundle in `folder`; no other file is touched.

    Raises:
        BundleError: one of `sdk.bundle.errors`.
    """
    path = folder / MANIFEST
    return parse_manifest(_read_plain(folder, path), path)


def parse_manifest(data: bytes, subject: object) -> Manifest:
    """Check the bytes of a manifest; `subject` names it in messages.

    Raises:
        BundleError: one of `sdk.bundle.errors`.
    """
    value = parse_object(data, subject)
    version = value.get("format_version")
    if "format_version" in value and (type(version) is not int or version != FORMAT_VERSION):
        problem = f"format version {shown(version)} is not {FORMAT_VERSION}"
        raise FormatVersionError(subject, problem, "export with this SDK's version or update the SDK")
    try:
        # Written out again, so that the second parser can see nothing that the checks above did not.
        manifest = Manifest.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = shown(".".join(str(step) for step in first["loc"]) or "manifest")
        problem = shown(f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}", 300)
        raise _CLASSES.get(first["type"], WrongValueError)(subject, problem, REEXPORT) from error
    check_collisions((file.path for file in manifest.files), subject)
    return manifest


def _read_plain(folder: Path, path: Path) -> bytes:
    mend = "give the folder that `python -m export` wrote"
    if not folder.is_dir():
        raise NotABundleError(folder, "is not a folder" if folder.exists() else "does not exist", mend)
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise UnsafePathError(path, "is a link", "put the file itself in its place")
        if not stat.S_ISREG(status.st_mode):
            raise NotABundleError(folder, f"its {MANIFEST} is not a file", mend)
        with open(path, "rb", opener=_open_unlinked) as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NotABundleError(folder, f"has no {MANIFEST}", mend) from error
    except OSError as error:
        raise NotABundleError(path, f"cannot be read ({error.strerror})", "check its permissions") from error


def _open_unlinked(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
