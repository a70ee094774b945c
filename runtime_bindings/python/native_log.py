"""Silence for native libraries that write to the process's stderr while they load, past Python's logging."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_stderr_hidden() -> Iterator[None]:
    """Within it, what is written to file descriptor 2 is lost; Python exceptions are not.

    Only for loading a library: ExecuTorch lists there which files of the system it probed for the processor's name.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
