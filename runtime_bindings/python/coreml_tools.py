"""coremltools, imported on demand and kept quiet.

coremltools and ExecuTorch's delegate log which versions they were not tested with, which native libraries exist on
macOS only and what they are about to do, and draw progress bars of their own. None of that is news to a user; what is
wrong they raise.
"""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from runtime_bindings.python.dependency import require


@contextmanager
def coremltools() -> Iterator[Any]:
    """Import coremltools; inside the block nothing warns, logs or draws.

    Yields:
        The module.

    Raises:
        MissingDependencyError: it is not installed.
    """
    root, disabled = logging.getLogger(), logging.root.manager.disable
    handlers = list(root.handlers)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = require("coremltools", "coreml")
            with _no_progress_bars():
                yield module
    finally:
        logging.disable(disabled)
        # A call of logging.info() in the delegate's partitioner gives the root logger a handler for good.
        root.handlers[:] = handlers


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    bar: Any = import_module("tqdm").tqdm
    original = bar.__init__
    bar.__init__ = functools.partialmethod(original, disable=True)
    try:
        yield
    finally:
        bar.__init__ = original
