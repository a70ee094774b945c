"""Paths inside a bundle: which texts are safe, and what really lies in the folder.

Allowed is ``segment/segment``: letters, digits, ``_``, ``-`` and ``.`` (not first), so no absolute path, ``..``, drive
letter, backslash, alternate stream, NUL or hidden file can be written at all, on any system.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sdk.bundle.errors import REEXPORT, CollidingPathError, UnsafePathError, shown

MANIFEST = "manifest.json"
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
PATTERN = rf"^{_SEGMENT}(/{_SEGMENT})*$"
MAX_LENGTH = 200
"""Of a path; leaves room for the bundle's own folder within Windows' 260 characters."""
_RESERVED = {"con", "prn", "aux", "nul", *(f"{device}{digit}" for device in ("com", "lpt") for digit in range(10))}
UNSAFE_PATH = "unsafe_path"
"""Type of the validation error of `RelativePath`."""


def _safe(path: str) -> str:
    segments = path.split("/")
    plain = len(path) <= MAX_LENGTH and re.fullmatch(PATTERN[1:-1], path)
    if not plain or any(s.endswith(".") or s.split(".")[0].lower() in _RESERVED for s in segments):
        raise PydanticCustomError(UNSAFE_PATH, "is not a plain relative path inside the bundle")
    return path


RelativePath = Annotated[
    str,
    StringConstraints(strict=True),
    AfterValidator(_safe),
    Field(json_schema_extra={"pattern": PATTERN, "maxLength": MAX_LENGTH}),
]
"""A path of a manifest: relative, POSIX, inside the folder."""


def check_collisions(paths: Iterable[str], subject: object) -> None:
    """Refuse paths that are one file, or one folder in two spellings, where case is ignored.

    Raises:
        CollidingPathError: with the two spellings.
    """
    spelling: dict[str, str] = {}
    files: set[str] = {MANIFEST}
    for path in paths:
        if path.casefold() in files:
            raise CollidingPathError(subject, f"{shown(path)!r} is listed twice, or differs only in case", REEXPORT)
        files.add(path.casefold())
        for folder in folders_of(path):
            first = spelling.setdefault(folder.casefold(), folder)
            if first != folder:
                raise CollidingPathError(subject, f"folders {first!r} and {folder!r} differ only in case", REEXPORT)
    for folded, folder in spelling.items():
        if folded in files:
            raise CollidingPathError(subject, f"{folder!r} is both a file and a folder", REEXPORT)


def folders_of(path: str) -> Iterator[str]:
    """The folders of the bundle that a file lies in, the outermost first."""
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def meta_files(paths: Iterable[str]) -> set[str]:
    """``NAME.meta`` for the manifest, the listed files and their folders: what Unity's editor writes beside them."""
    return {f"{name}.meta" for path in (MANIFEST, *paths) for name in (path, *folders_of(path))}


def walk(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every plain file below `folder`: its relative POSIX path and its status, in no order, links never followed.

    Raises:
        UnsafePathError: a link or a special file (pipe, socket, device) is found.
        OSError: a folder cannot be read.
    """
    waiting = [("", folder)]
    while waiting:
        prefix, current = waiting.pop()
        with os.scandir(current) as entries:
            for entry in entries:
                path, status = prefix + entry.name, entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    waiting.append((f"{path}/", current / entry.name))
                elif stat.S_ISREG(status.st_mode):
                    yield path, status
                else:
                    kind = "a link" if stat.S_ISLNK(status.st_mode) else "a special file"
                    raise UnsafePathError(folder / shown(path), f"is {kind}", "put the file itself in its place")
