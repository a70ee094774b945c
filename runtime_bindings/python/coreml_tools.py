"""coremltools, imported on demand and kept quiet.

coremltools logs versions it was not tested with, native libraries that exist on macOS only, and draws progress bars of
its own. None of that is news to a user: errors are, and those it raises.
"""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sdk.errors import MissingDependencyError

_CHATTY_LOGGERS = ("coremltools", "torchao", "torch.utils._pytree", "executorch")


@contextmanager
def coremltools() -> Iterator[Any]:
    """Import coremltools; inside the block it neither warns nor draws.

    Yields:
        The module.

    Raises:
        MissingDependencyError: it is not installed.
    """
    loggers = [logging.getLogger(name) for name in _CHATTY_LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            try:
                import coremltools as module
            except ImportError as error:
                raise MissingDependencyError(
                    "coremltools", f"cannot be imported ({error})", "pip install 'nowface[coreml]'"
                ) from error
            with _no_progress_bars():
                yield module
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    bar: Any = import_module("tqdm").tqdm
    original = bar.__init__
    bar.__init__ = functools.partialmethod(original, disable=True)
    try:
        yield
    finally:
        bar.__init__ = original
