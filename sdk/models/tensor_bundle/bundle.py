"""Variables of a TensorFlow checkpoint by name, each read and checked when it is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sdk.errors import CheckpointError
from sdk.models.tensor_bundle.table import read_table
from sdk.models.tensor_bundle.wire import MalformedError, masked_checksum, read_fields

DTYPES: dict[int, DTypeLike] = {
    1: np.float32,
    2: np.float64,
    3: np.int32,
    4: np.uint8,
    5: np.int16,
    6: np.int8,
    9: np.int64,
    10: np.bool_,
    19: np.float16,
}
"""Types that are read, by their number in TensorFlow's ``types.proto``."""

DTYPE, SHAPE, SHARD, OFFSET, SIZE, CHECKSUM, SLICES = 1, 2, 3, 4, 5, 6, 7
"""Fields of ``BundleEntryProto`` (TensorFlow's ``tensor_bundle.proto``)."""

SHARDS, ENDIANNESS = 1, 2
"""Fields of ``BundleHeaderProto``."""

MEND = "give an undamaged TensorFlow checkpoint"


@dataclass(frozen=True)
class Entry:
    """Where a variable is: its type by number, shape, shard, and bytes within it."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    sliced: bool


class TensorBundle:
    """A checkpoint.

    Args:
        path: the checkpoint's prefix such as ``ckpt-500000``, its ``.index`` file, or a folder that holds one.

    Raises:
        CheckpointError: there is no such file, or it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.prefix = find_prefix(Path(path))
        self.index = Path(f"{self.prefix}.index")
        try:
            table = read_table(self.index.read_bytes())
            self.shards = _read_header(table.pop(b"", b""))
            self.entries = {key.decode(): _read_entry(value) for key, value in table.items()}
        except OSError as error:
            raise CheckpointError(
                self.index, f"cannot be read ({error.strerror or error})", "check the file"
            ) from error
        except UnicodeDecodeError as error:
            raise CheckpointError(self.index, "holds a name that is no text", MEND) from error
        except MalformedError as error:
            raise CheckpointError(self.index, str(error), MEND) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def read(self, name: str) -> NDArray[np.generic]:
        """A variable's values; its checksum is right.

        Raises:
            CheckpointError: there is none of that name, it is of a type or kind that is not read, or damaged.
        """
        if name not in self.entries:
            raise CheckpointError(self.prefix, f"lacks {name}", MEND)
        entry = self.entries[name]
        if entry.dtype not in DTYPES or entry.sliced:
            kind = "is in slices" if entry.sliced else f"is of TensorFlow's type {entry.dtype}"
            raise CheckpointError(self.prefix, f"{name} {kind}", "give one that holds whole tensors of numbers")
        dtype = np.dtype(DTYPES[entry.dtype])
        if math.prod(entry.shape) * dtype.itemsize != entry.size or entry.shard >= self.shards:
            raise CheckpointError(self.index, f"{name} has {entry.size} bytes for shape {entry.shape}", MEND)
        path = Path(f"{self.prefix}.data-{entry.shard:05d}-of-{self.shards:05d}")
        try:
            data = _read_span(path, entry.offset, entry.size)
        except OSError as error:
            raise CheckpointError(path, f"cannot be read ({error.strerror or error})", "check the file") from error
        if len(data) != entry.size:
            raise CheckpointError(path, f"ends within {name}", MEND)
        if masked_checksum(data) != entry.checksum:
            raise CheckpointError(path, f"{name} has a wrong checksum", MEND)
        return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(entry.shape)


def find_prefix(path: Path) -> Path:
    """The prefix that `path` means, see `TensorBundle`.

    Raises:
        CheckpointError: it means none, or several.
    """
    if path.is_dir():
        found = sorted(path.glob("*.index"))
        if len(found) != 1:
            raise CheckpointError(path, f"holds {len(found)} checkpoints (.index files)", "name one, e.g. ckpt-500000")
        path = found[0]
    prefix = path.with_suffix("") if path.suffix == ".index" else path
    if not Path(f"{prefix}.index").is_file():
        raise CheckpointError(path, "is not a checkpoint", "name its prefix, e.g. ckpt-500000 for ckpt-500000.index")
    return prefix


def _read_header(message: bytes) -> int:
    """The number of shards."""
    fields = dict(read_fields(message))
    shards = fields.get(SHARDS, 0)
    if not isinstance(shards, int) or not 1 <= shards <= 99_999:
        raise MalformedError("has no header")
    if fields.get(ENDIANNESS, 0) != 0:
        raise MalformedError("holds big-endian numbers")
    return shards


def _read_entry(message: bytes) -> Entry:
    numbers: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    sliced = False
    for field, value in read_fields(message):
        if field == SHAPE and isinstance(value, bytes):
            shape = _read_shape(value)
        elif field == SLICES:
            sliced = True
        elif isinstance(value, int):
            numbers[field] = value
    return Entry(
        dtype=numbers.get(DTYPE, 0),
        shape=shape,
        shard=numbers.get(SHARD, 0),
        offset=numbers.get(OFFSET, 0),
        size=numbers.get(SIZE, 0),
        checksum=numbers.get(CHECKSUM, 0),
        sliced=sliced,
    )


def _read_shape(message: bytes) -> tuple[int, ...]:
    """Sizes of a ``TensorShapeProto``: its field 2 is a message for each axis, whose field 1 is the size."""
    sizes = []
    for field, axis in read_fields(message):
        if field == 2 and isinstance(axis, bytes):
            size = dict(read_fields(axis)).get(1, 0)
            if not isinstance(size, int):
                raise MalformedError("holds a shape that is none")
            sizes.append(size)
    return tuple(sizes)


def _read_span(path: Path, offset: int, size: int) -> bytes:
    """Bytes of a file; fewer where it ends, so that a false size costs no memory."""
    with path.open("rb") as file:
        whole = path.stat().st_size
        if offset + size > whole:
            return b""
        file.seek(offset)
        return file.read(size)
