"""Numbers and messages as TensorFlow's files hold them: varints, checksums, protocol buffer fields."""

from __future__ import annotations

from collections.abc import Iterator


class MalformedError(ValueError):
    """Bytes that are not what they should be; the message says how."""


VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Protocol buffers' wire types (protobuf.dev/programming-guides/encoding)."""

MASK_DELTA = 0xA282EAD8
"""Added to a rotated checksum (LevelDB's ``crc32c.h``): checksums of data that holds checksums are weak."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned number of up to 64 bits at `at`, seven bits a byte, lowest first; and where the next byte is.

    Raises:
        MalformedError: it is longer or the data ends.
    """
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise MalformedError("ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, at
    raise MalformedError("holds a number of more than 64 bits")


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Fields of a protocol buffer message in order: number and value, an int or the bytes of a string or message.

    Raises:
        MalformedError: it is not a message.
    """
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = read_varint(message, at)
            yield field, value
            continue
        if kind == BYTES:
            size, at = read_varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise MalformedError(f"holds a field of the unknown kind {kind}")
        if size > len(message) - at:
            raise MalformedError("ends within a field")
        body = message[at : at + size]
        at += size
        yield field, body if kind == BYTES else int.from_bytes(body, "little")


def masked_checksum(data: bytes) -> int:
    """CRC-32C of `data`, masked as LevelDB and TensorFlow store it."""
    import google_crc32c

    crc = int(google_crc32c.value(data))
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & 0xFFFFFFFF
