"""Python packages that corpora need and that nothing else does."""

from __future__ import annotations

import importlib.util
from importlib.metadata import version

from sdk.training.corpus.errors import MissingSynthesiserError


def installed_version(package: str, module: str | None = None) -> str:
    """Version of a package that is installed.

    Args:
        package: as it is called where it is fetched from.
        module: what it is imported as, where that is another name.

    Raises:
        MissingSynthesiserError: it is not installed.
    """
    if importlib.util.find_spec(module or package) is None:
        mend = f"install the Python package {package} (pip install 'nowface[train]')"
        raise MissingSynthesiserError(package, "is not installed", mend)
    return version(package)
