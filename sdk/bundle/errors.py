"""One error class for each way a bundle can be damaged, so that a host can tell them apart and a test can name them.

Names that come from a bundle are shown through `shown`: a hostile manifest must not write control characters to a
terminal or fill the screen.
"""

from __future__ import annotations

from sdk.errors import BundleError

REEXPORT = "export the bundle again or copy it afresh"


def shown(text: object, limit: int = 120) -> str:
    """`text` on one line, printable characters only, cut after `limit` characters."""
    quoted = repr(str(text))[1:-1]
    return quoted if len(quoted) <= limit else f"{quoted[:limit]}..."


class NotABundleError(BundleError):
    """The path is not a folder with a readable `manifest.json`."""


class ManifestTooBigError(BundleError):
    """The manifest is longer than `sdk.bundle.json_text.MAX_BYTES`."""


class ManifestNotJsonError(BundleError):
    """The manifest is not one JSON object in UTF-8."""


class DuplicateKeyError(BundleError):
    """An object of the manifest has a key twice, so two readers could see two manifests."""


class UnknownKeyError(BundleError):
    """The manifest has a key that the format does not know."""


class MissingKeyError(BundleError):
    """The manifest lacks a key."""


class WrongValueError(BundleError):
    """A value of the manifest has the wrong type, is out of range or contradicts another."""


class FormatVersionError(BundleError):
    """The manifest's format version is not one this SDK reads."""


class UnsafePathError(BundleError):
    """A path is not a plain relative POSIX path inside the folder, or the folder holds a link or a special file."""


class CollidingPathError(BundleError):
    """Two paths are one on a file system that ignores case, or are listed twice."""


class MissingFileError(BundleError):
    """A listed file is absent or cannot be read."""


class UnlistedFileError(BundleError):
    """The folder holds a file that the manifest does not list."""


class SizeMismatchError(BundleError):
    """A file has not the listed number of bytes."""


class HashMismatchError(BundleError):
    """A file has not the listed SHA-256."""


class TensorFileError(BundleError):
    """A safetensors file is unreadable, or its tensors are not those the manifest describes."""


class TraceError(BundleError):
    """A trace file is unreadable, or its tensors do not fit together."""


class UnknownTargetError(BundleError):
    """The bundle has no such target."""


class UnknownPrecisionError(BundleError):
    """The bundle has the target, not in that precision."""
