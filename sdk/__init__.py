"""nowface: speech-driven face animation on the device, with zero lookahead and proof of parity.

Importing this package is cheap: tensor libraries load only when a bundle is opened or a model is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdk.bundle import Bundle

__version__ = "0.1.0"
__all__ = ["Bundle", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Bundle":
        from sdk.bundle import Bundle

        return Bundle
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
