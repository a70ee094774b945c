"""Safetensors files that may be hostile, and arrays to write: names, types and shapes are checked before any is used.

The container is https://github.com/huggingface/safetensors#format; its parser checks offsets and header size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sdk.bundle.errors import REEXPORT, TensorFileError, shown
from sdk.errors import BundleError
from sdk.runtime.executor import Array
from sdk.spec import TensorSpec

_DTYPES = {"F32": np.float32, "I16": np.int16, "I64": np.int64}


def read_tensors(
    path: Path, dtypes: Sequence[str] = ("F32",), error: type[BundleError] = TensorFileError
) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    """All tensors of a file and its text metadata.

    Args:
        path: a safetensors file.
        dtypes: safetensors types that may occur, of F32, I16 and I64.
        error: class to raise.

    Raises:
        BundleError: of the given class, if the file is missing, damaged or holds another type.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            for name in names:
                dtype = file.get_slice(name).get_dtype()
                if dtype not in dtypes:
                    raise error(path, f"tensor {shown(name)!r} is of type {shown(dtype)}", REEXPORT)
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except (SafetensorError, OSError) as problem:
        raise error(path, f"not a readable safetensors file ({shown(problem)})", REEXPORT) from problem


def read_floats(path: Path) -> dict[str, Array]:
    """All tensors of a float32 file, every value finite.

    Raises:
        TensorFileError: missing, damaged, of another type, or holding NaN or infinity.
    """
    tensors, _ = read_tensors(path)
    floats = {name: tensor.astype(np.float32, copy=False) for name, tensor in tensors.items()}
    for name, tensor in floats.items():
        if not np.isfinite(tensor).all():
            raise TensorFileError(path, f"tensor {shown(name)!r} holds NaN or infinity", REEXPORT)
    return floats


def read_specified(path: Path, specs: Sequence[TensorSpec]) -> dict[str, Array]:
    """The float32 tensors that `specs` describe: those names, no other, with those shapes, finite.

    Raises:
        TensorFileError: anything else.
    """
    tensors = read_floats(path)
    if set(tensors) != {spec.name for spec in specs}:
        names = ", ".join(sorted(tensors)) or "nothing"
        wanted = ", ".join(spec.name for spec in specs) or "nothing"
        raise TensorFileError(path, f"holds {shown(names)}, the manifest says {wanted}", REEXPORT)
    for spec in specs:
        if tensors[spec.name].shape != spec.shape:
            problem = f"{spec.name} has shape {tensors[spec.name].shape}, the manifest says {spec.shape}"
            raise TensorFileError(path, problem, REEXPORT)
    return tensors


def write_tensors(path: Path, tensors: Mapping[str, NDArray[np.generic]], metadata: Mapping[str, str]) -> None:
    """Write arrays of float32, int16 or int64 and text to a safetensors file.

    Raises:
        OSError: the file cannot be written.
    """
    for name, tensor in tensors.items():
        assert tensor.dtype in _DTYPES.values(), f"{name} is {tensor.dtype}"
    arrays = {name: np.ascontiguousarray(tensor).reshape(tensor.shape) for name, tensor in tensors.items()}
    # Not safetensors' own save_file, whose files only their owner reads; and no empty metadata: without tensors, save
    # would make a header of it that cannot be read.
    path.write_bytes(save(arrays, dict(metadata) or None))
