"""LevelDB's sorted table, as far as TensorFlow writes it: uncompressed blocks of keys that share prefixes."""

from __future__ import annotations

from collections.abc import Iterator

from sdk.models.tensor_bundle.wire import MalformedError, masked_checksum, read_varint

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
"""Last bytes of a table."""

FOOTER = 48
"""Bytes of the end: two handles of up to 20 bytes, padded, and the magic."""

TRAILER = 5
"""Bytes after a block: its compression and its checksum."""


def read_table(data: bytes) -> dict[bytes, bytes]:
    """All keys and values of a table, in order.

    Raises:
        MalformedError: it is not a whole, uncompressed table.
    """
    if len(data) < FOOTER or not data.endswith(MAGIC):
        raise MalformedError("does not end as a table does")
    footer = data[-FOOTER:]
    _, at = _read_handle(footer, 0)  # of the table of filters, which TensorFlow leaves empty
    index, _ = _read_handle(footer, at)
    entries: dict[bytes, bytes] = {}
    newest = None
    for _, handle in _read_entries(_read_block(data, index)):
        for key, value in _read_entries(_read_block(data, _read_handle(handle, 0)[0])):
            if newest is not None and key <= newest:
                raise MalformedError("holds keys out of order")
            entries[key] = value
            newest = key
    return entries


def _read_handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and where the next byte is."""
    offset, at = read_varint(data, at)
    size, at = read_varint(data, at)
    return (offset, size), at


def _read_block(data: bytes, handle: tuple[int, int]) -> bytes:
    offset, size = handle
    if offset + size + TRAILER > len(data) - FOOTER:
        raise MalformedError("names a block beyond its end")
    block, trailer = data[offset : offset + size], data[offset + size : offset + size + TRAILER]
    if masked_checksum(block + trailer[:1]) != int.from_bytes(trailer[1:], "little"):
        raise MalformedError("has a block with a wrong checksum")
    if trailer[0] != 0:
        raise MalformedError("is compressed")
    return block


def _read_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    if len(block) < 4 or end < 0:
        raise MalformedError("has a block that is too short")
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(block, at)
        fresh, at = read_varint(block, at)
        size, at = read_varint(block, at)
        if shared > len(key) or fresh + size > end - at:
            raise MalformedError("has a block that ends within an entry")
        key = key[:shared] + block[at : at + fresh]
        yield key, block[at + fresh : at + fresh + size]
        at += fresh + size
