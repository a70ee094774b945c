"""Is a WAV or Ogg file whole? libsndfile reads a cut one as if it were shorter and says nothing.

FLAC needs no help: its decoder reports a frame that is cut or damaged, and the header tells the number of samples.
"""

from __future__ import annotations

import struct
import zlib

UNKNOWN_LENGTH = 0xFFFF_FFFF
"""Size that programs write into a WAV header before they know it, e.g. into a pipe: the sound runs to the end."""
LAST_PAGE = 0x04
"""Bit of an Ogg page's header type that ends its stream (RFC 3533, section 6)."""

_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def find_damage(data: bytes) -> str | None:
    """What is missing or broken in a whole file's bytes, or None if nothing can be seen to be.

    WAV: the sound needs as many bytes as the header says. Ogg: each page's checksum, and the mark on the last page.
    """
    if data[:4] in (b"RIFF", b"RIFX"):
        return _wav_damage(data)
    return _ogg_damage(data) if data[:4] == b"OggS" else None


def _wav_damage(data: bytes) -> str | None:
    size_format = "<I" if data[:4] == b"RIFF" else ">I"
    at = 12
    while at + 8 <= len(data):
        name, (size,) = data[at : at + 4], struct.unpack_from(size_format, data, at + 4)
        at += 8
        if name == b"data":
            missing = at + size - len(data)
            return f"{missing} of {size} bytes of sound are missing" if missing > 0 and size != UNKNOWN_LENGTH else None
        at += size + size % 2  # chunks begin at even offsets
    return "the header ends before the sound begins"


def _ogg_damage(data: bytes) -> str | None:
    at, page_type = 0, 0
    while at < len(data):
        header = data[at : at + 27]
        if len(header) < 27 or not header.startswith(b"OggS"):
            return f"it is cut or damaged at byte {at}"
        body = at + 27 + header[26]
        end = body + sum(data[at + 27 : body])
        page = data[at:end]
        if len(page) < end - at or _ogg_checksum(page) != struct.unpack_from("<I", page, 22)[0]:
            return f"the page at byte {at} is cut or damaged"
        at, page_type = end, header[5]
    return None if page_type & LAST_PAGE else "its last page is missing"


def _ogg_checksum(page: bytes) -> int:
    """CRC of a page with its checksum field as zeros: polynomial 0x04C11DB7, no reflection, zero start (RFC 3533).

    zlib has the same polynomial with reflected bits and inverted ends, so bits are reversed and ends inverted back.
    """
    zeroed = page[:22] + bytes(4) + page[26:]
    reflected = zlib.crc32(zeroed.translate(_REVERSED_BITS), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{reflected:032b}"[::-1], 2)
