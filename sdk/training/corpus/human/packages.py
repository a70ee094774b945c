"""Files inside a Debian package or a source distribution, without unpacking it to disk."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from sdk.training.corpus.errors import RecordingError

SUFFIXES = (".deb", ".tar.gz")
FETCH = "fetch it again (docs/corpus.md says how)"

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60


def package_files(paths: Sequence[Path]) -> list[Path]:
    """The packages that are named, and those in the folders that are named, by file name.

    Raises:
        RecordingError: a path that is neither, or a folder without a package.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(p for p in path.iterdir() if p.name.endswith(SUFFIXES)) if path.is_dir() else [path]
        if not inside or not all(p.is_file() and p.name.endswith(SUFFIXES) for p in inside):
            raise RecordingError(path, "is no .deb or .tar.gz, nor a folder with one", FETCH)
        found += inside
    return sorted(set(found), key=lambda p: p.name)


def fingerprints(paths: Sequence[Path]) -> dict[str, str]:
    """File name -> SHA-256 of each package.

    Raises:
        RecordingError: as `package_files`.
    """
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in package_files(paths)}


def members(package: Path) -> Iterator[tuple[str, bytes]]:
    """(path inside the package, content) of each regular file.

    Raises:
        RecordingError: it is not a package, or it is cut or damaged.
    """
    try:
        data = package.read_bytes()
        inner = _data_of_deb(data, package) if package.suffix == ".deb" else data
        with tarfile.open(fileobj=io.BytesIO(_unpacked(inner)), mode="r:") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                if file is not None:
                    yield member.name.removeprefix("./"), file.read()
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise RecordingError(package, f"cannot be read ({error})", FETCH) from error


def _unpacked(data: bytes) -> bytes:
    """The tar archive inside a compressed one, all of it held against its checksum: read member by member, an archive
    whose middle is damaged would end there without a word.
    """
    readers = {b"\x1f\x8b": gzip.decompress, b"\xfd7zXZ\0": lzma.decompress, b"BZh": bz2.decompress}
    return next((read(data) for magic, read in readers.items() if data.startswith(magic)), data)


def _data_of_deb(data: bytes, package: Path) -> bytes:
    """The member ``data.tar.*`` of a Debian package, which is an ar archive (deb(5), ar(5))."""
    if not data.startswith(_AR_MAGIC):
        raise RecordingError(package, "is not a Debian package", FETCH)
    at = len(_AR_MAGIC)
    while at + _AR_HEADER <= len(data):
        header = data[at : at + _AR_HEADER]
        name, size = header[:16].decode("ascii", "replace").strip().rstrip("/"), header[48:58].strip()
        at += _AR_HEADER
        if not size.isdigit() or at + int(size) > len(data):
            break
        if name.startswith("data.tar"):
            return data[at : at + int(size)]
        at += int(size) + int(size) % 2
    raise RecordingError(package, "is a Debian package without its data", FETCH)
