"""The error of faces and channel sets."""

from __future__ import annotations

from sdk.errors import NowfaceError


class RigError(NowfaceError):
    """A face file or the assets it is built from are damaged, incomplete or of another format."""
