"""NumPy archives that come from a user: nothing in one is ever run, and none fills the memory."""

from __future__ import annotations

import lzma
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.errors import NowfaceError

MAX_BYTES = 1 << 30

DAMAGED_ARRAYS = (
    *(ValueError, EOFError, KeyError, OverflowError, RuntimeError, NotImplementedError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError),
)
"""What NumPy and the archives below it raise for damaged, encrypted or hostile arrays; RuntimeError for encrypted ones,
MemoryError and OverflowError for a header that claims more than there can be."""

Arrays = dict[str, NDArray[Any]]


def read_arrays(path: Path, error_type: type[NowfaceError], mend: str, most: int = MAX_BYTES) -> Arrays:
    """All arrays of an .npz.

    Args:
        path: of the file.
        error_type: what is raised, with the path, what is wrong, and `mend`.
        mend: what the user may do about it.
        most: bytes that the arrays may claim together.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most:
                raise error_type(path, f"claims more than {most >> 20} MiB", mend)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except OSError as error:
        raise error_type(path, f"cannot be read: {error.strerror or error}", mend) from error
    except DAMAGED_ARRAYS as error:
        raise error_type(path, f"is damaged or no .npz: {error}", mend) from error
