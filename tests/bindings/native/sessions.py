"""Opens native sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime_bindings.python.native.library import Library
from runtime_bindings.python.native.session import NativeSession
from sdk.bundle import Bundle

Open = Callable[..., NativeSession]


def opener(bundle: Bundle, library: Library) -> Open:
    """Opens sessions of the bundle, with its own parameters unless others are given."""

    def session(**options: Any) -> NativeSession:
        given = options.pop("parameters", bundle.parameters())
        return NativeSession(bundle.path, bundle.pipeline, given, library=library, **options)

    return session
