"""Optional packages: imported when first used, and missed with a sentence that names the extra."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from sdk.errors import MissingDependencyError


def require(module: str, extra: str) -> ModuleType:
    """Import `module`.

    Raises:
        MissingDependencyError: it is not installed; `extra` is the extra of this distribution that brings it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingDependencyError(
            package, f"cannot be imported ({error})", f"install it with: pip install 'nowface[{extra}]'"
        ) from error
