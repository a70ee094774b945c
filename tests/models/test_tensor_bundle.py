"""TensorFlow's checkpoint files. Oracle: files that TensorFlow wrote, see tests/oracles/tensor_bundle/README.md."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import CheckpointError
from sdk.models.tensor_bundle import TensorBundle
from sdk.models.tensor_bundle.table import FOOTER, read_table
from sdk.models.tensor_bundle.wire import MalformedError, masked_checksum, read_fields, read_varint

ORACLE = Path(__file__).parents[1] / "oracles" / "tensor_bundle"
KINDS = ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]
INDEX = (ORACLE / "types.index").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to damage."""
    for path in ORACLE.glob("types.*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def refuse(folder: Path, *parts: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_all(folder / "types")
    line = str(caught.value)
    assert "\n" not in line
    for part in (str(folder), *parts):
        assert part in line


def read_all(path: Path) -> None:
    bundle = TensorBundle(path)
    for name in bundle:
        if name not in ("kinds/text", "kinds/bfloat16"):
            bundle.read(name)


def test_values_are_what_tensorflow_was_given() -> None:
    bundle = TensorBundle(ORACLE / "types")
    for kind in KINDS:
        value = bundle.read(f"kinds/{kind}")
        assert value.dtype == kind
        assert np.array_equal(value, (np.arange(6).reshape(2, 3) - 2 * (kind[0] in "fi")).astype(kind))
    assert bundle.read("shapes/scalar") == np.float32(-0.5)
    assert bundle.read("shapes/empty").shape == (0, 3)
    for index in range(300):
        assert bundle.read(f"a/long/path/of/names/variable_{index}/value").tolist() == [index] * 3
    assert len(list(bundle)) == len(KINDS) + 2 + 300 + 2
    assert bundle.shards == 2


def test_a_checkpoint_may_be_named_in_three_ways(folder: Path) -> None:
    for path in (folder, folder / "types", folder / "types.index", str(folder)):
        assert TensorBundle(path).prefix == folder / "types"
    shutil.copy(folder / "types.index", folder / "other.index")
    refuse_path(folder, "holds 2 checkpoints")
    refuse_path(folder / "missing", "is not a checkpoint")
    refuse_path(folder / "types.data-00000-of-00002", "is not a checkpoint")


def refuse_path(path: Path, problem: str) -> None:
    with pytest.raises(CheckpointError, match=problem):
        TensorBundle(path)


@pytest.mark.parametrize(
    ("name", "problem"), [("kinds/text", "type 7"), ("kinds/bfloat16", "type 14"), ("none", "lacks none")]
)
def test_what_is_not_read_is_said(name: str, problem: str) -> None:
    with pytest.raises(CheckpointError, match=problem):
        TensorBundle(ORACLE / "types").read(name)


@pytest.mark.parametrize("size", [0, 1, FOOTER - 1, FOOTER, len(INDEX) - 1])
def test_a_cut_index_is_refused(folder: Path, size: int) -> None:
    (folder / "types.index").write_bytes(INDEX[:size])
    refuse(folder, "types.index", "does not end as a table does" if size != FOOTER else "")


def test_damaged_data_is_refused(folder: Path) -> None:
    shard = folder / "types.data-00001-of-00002"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:100])
    refuse(folder, shard.name, "ends within")
    shard.write_bytes(whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:])
    refuse(folder, shard.name, "wrong checksum")
    shard.unlink()
    refuse(folder, shard.name, "cannot be read")


@given(place=st.integers(0, len(INDEX) - 1), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_of_the_index_is_found_or_harmless(place: int, bit: int) -> None:
    """Every block has a checksum; in the footer there is padding that means nothing."""
    damaged = bytearray(INDEX)
    damaged[place] ^= 1 << bit
    try:
        assert read_table(bytes(damaged)) == read_table(INDEX)
    except MalformedError:
        return
    assert place >= len(INDEX) - FOOTER


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_other_bytes_are_no_table_and_may_be_no_message(data: bytes) -> None:
    for content in (data, data + INDEX[-8:], data + INDEX[-FOOTER:]):
        with pytest.raises(MalformedError):
            read_table(content)
    try:
        fields = list(read_fields(data))
    except MalformedError:
        return
    assert len(fields) <= len(data)


def block(content: bytes, kind: int = 0) -> bytes:
    return content + bytes([kind]) + masked_checksum(content + bytes([kind])).to_bytes(4, "little")


def table(content: bytes, kind: int = 0) -> bytes:
    """A table of one block."""
    first = block(content, kind)
    handle = varint(0) + varint(len(content))
    index_content = bytes([0, 1, len(handle)]) + b"z" + handle + struct.pack("<II", 0, 1)
    second = block(index_content)
    footer = varint(0) + varint(0) + varint(len(first)) + varint(len(index_content))
    return first + second + footer.ljust(FOOTER - 8, b"\0") + INDEX[-8:]


def varint(value: int) -> bytes:
    high = value >> 7
    return bytes([value & 0x7F | 0x80 * (high > 0)]) + (varint(high) if high else b"")


RESTARTS = struct.pack("<II", 0, 1)


def test_a_table_made_by_hand() -> None:
    """Keys ``ab`` and ``ac``: the second shares one letter."""
    content = b"\0\2\1abX" + b"\1\1\2cYZ" + RESTARTS
    assert read_table(table(content)) == {b"ab": b"X", b"ac": b"YZ"}


@pytest.mark.parametrize(
    ("content", "kind", "problem"),
    [
        (b"\0\1\1aX" + RESTARTS, 1, "compressed"),
        (b"\0\1\1bX" + b"\0\1\1aX" + RESTARTS, 0, "out of order"),
        (b"\2\1\1aX" + RESTARTS, 0, "within an entry"),
        (b"\0\1\x7faX" + RESTARTS, 0, "within an entry"),
        (struct.pack("<I", 5), 0, "too short"),
        (b"", 0, "too short"),
        (b"\xff" * 20 + RESTARTS, 0, "64 bits"),
    ],
)
def test_hostile_tables(content: bytes, kind: int, problem: str) -> None:
    with pytest.raises(MalformedError, match=problem):
        read_table(table(content, kind))


def test_hostile_entries(tmp_path: Path) -> None:
    """A tensor that claims more than its shard holds costs no memory; no header is no checkpoint."""
    header = b"\x08\x01"
    shape = b"\x12\x06\x08" + varint(1 << 28)
    claim = b"\x08\x01" + b"\x12" + bytes([len(shape)]) + shape + b"\x28" + varint(1 << 30)
    for entries, problem in [
        ({b"": header, b"x": claim}, "ends within x"),
        ({b"": header, b"x": claim + b"\x18\x07"}, "has 1073741824 bytes"),
        ({b"": header, b"x": claim + b"\x3a\x00"}, "in slices"),
        ({b"x": claim}, "has no header"),
        ({b"": header + b"\x10\x01", b"x": claim}, "big-endian"),
        ({b"": header, b"\xff": claim}, "no text"),
    ]:
        content = b"".join(b"\0" + varint(len(k)) + varint(len(v)) + k + v for k, v in entries.items()) + RESTARTS
        (tmp_path / "types.index").write_bytes(table(content))
        (tmp_path / "types.data-00000-of-00001").write_bytes(b"")
        refuse(tmp_path, problem)


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=50, deadline=None)
def test_varints(value: int) -> None:
    assert read_varint(b"?" + varint(value), 1) == (value, 1 + len(varint(value)))
