"""Snapshots of the native session as bytes: what they hold, and the SHA-256 at their end."""

from __future__ import annotations

import hashlib

SEAL = 64
"""Bytes of the digits at the end."""


def content_of(snapshot: bytes) -> bytes:
    """A snapshot without its SHA-256."""
    return snapshot[:-SEAL]


def sealed(content: bytes) -> bytes:
    """A snapshot whose SHA-256 is right, so that only what it holds can be wrong."""
    return content + hashlib.sha256(content).hexdigest().encode()
