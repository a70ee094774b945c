"""Pickled dictionaries of arrays, read without running what may be hidden in them.

``templates.pkl`` of VOCASET and BIWI is a pickle, which is a program. Here its opcodes are looked at first, and it may
call only the few names that numpy arrays are pickled with. Each of them is a stand-in of ours that merely notes its
arguments: even numpy's own unpickling, which trusts its input, is never reached.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.training.datasets.sequence import DatasetError

MOST_BYTES = 256 * 2**20
MEND = "fetch it again from its publisher"
PROBLEMS = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
)
"""What damaged pickles make the standard library raise."""
FORBIDDEN = frozenset({"EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "INST", "OBJ", "NEXT_BUFFER", "READONLY_BUFFER"})


def read_arrays(path: Path) -> dict[str, NDArray[np.float32]]:
    """A pickled dict of text to arrays of float32 or float64, as float32.

    Raises:
        DatasetError: not such a file, damaged, or asking for anything else; nothing of it has run.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DatasetError(path, f"is longer than {MOST_BYTES} bytes", MEND)
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror})", "check the folder's layout") from error
    try:
        _check_opcodes(data)
        content = _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
        if not isinstance(content, dict):
            raise ValueError(f"holds a {type(content).__name__}, not a dict")
        return {_text(name): _decode(array) for name, array in content.items()}
    except PROBLEMS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DatasetError(path, f"is not a pickled dict of arrays ({reason}); nothing was run", MEND) from error


def _check_opcodes(data: bytes) -> None:
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in FORBIDDEN:
            raise ValueError(f"uses {opcode.name}")
        # The memo is an array in C: a huge index would reserve as much memory.
        if opcode.name.endswith("PUT") and isinstance(argument, int) and not 0 <= argument <= len(data):
            raise ValueError("has an impossible memo")


@dataclass
class _DType:
    """``numpy.dtype("f8", align, copy)`` and its state ``(3, "<", ...)``."""

    name: Any
    order: Any = "="

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]


@dataclass
class _Array:
    """``numpy.ndarray`` with the state ``(version, shape, dtype, is_fortran, raw)``."""

    shape: Any = ()
    dtype: Any = None
    fortran: Any = False
    raw: Any = b""

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, self.fortran, self.raw = state


def _encode(text: Any, encoding: Any) -> bytes:
    """``codecs.encode``, which Python 3 writes bytes with in old protocols; Latin-1 only."""
    if not isinstance(text, str) or str(encoding).lower() not in ("latin1", "latin-1"):
        raise ValueError("encodes something other than Latin-1")
    return text.encode("latin1")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _from_buffer(raw: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    return _Array(shape, dtype, order == "F", raw)


def _dtype(name: Any, *_: Any) -> _DType:
    return _DType(name)


_CALLS: dict[str, Callable[..., Any]] = {
    "multiarray _reconstruct": _reconstruct,
    "numeric _frombuffer": _from_buffer,
    "numpy ndarray": _Array,
    "numpy dtype": _dtype,
    "_codecs encode": _encode,
}
_MODULES = {
    "numpy.core.multiarray": "multiarray",
    "numpy._core.multiarray": "multiarray",
    "numpy.core.numeric": "numeric",
    "numpy._core.numeric": "numeric",
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for one of the names that arrays are pickled with."""
        try:
            return _CALLS[f"{_MODULES.get(module, module)} {name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"asks for {module}.{name}") from None


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"has a key that is a {type(name).__name__}")
    return name


def _decode(array: object) -> NDArray[np.float32]:
    if not isinstance(array, _Array) or not isinstance(array.dtype, _DType):
        raise ValueError("holds something other than arrays")
    if array.dtype.name not in ("f4", "f8") or array.dtype.order not in ("<", ">", "="):
        raise ValueError(f"holds an array of {array.dtype.name!r}")
    shape = array.shape
    if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError("has an array of impossible shape")
    raw = array.raw.encode("latin1") if isinstance(array.raw, str) else bytes(memoryview(array.raw))
    dtype = np.dtype(array.dtype.order + array.dtype.name)
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"has {len(raw)} bytes for an array of shape {shape}")
    stored = np.frombuffer(raw, dtype).reshape(shape, order="F" if array.fortran else "C")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused
        values = stored.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("has NaN or infinite values")
    return values
