"""One captured performance: what was said and how the face moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sdk.arrays_file import DAMAGED_ARRAYS
from sdk.errors import NowfaceError

RecordingSplit = Literal["train", "validation", "test"]


class DatasetError(NowfaceError):
    """A folder of published face data is not in its layout, or a file of it is damaged."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A performance.

    Attributes:
        id: its name in the data set.
        subject: who performs.
        split: of the data set's usual division.
        pcm: (N,) float32 at 16 kHz.
        vertices: (T, V, 3) float32 in `unit`, without head motion; frame t stands at ``t / rate`` seconds.
        template: (V, 3) float32, the subject at rest.
        rate: frames a second.
        unit: ``m``, ``mm`` or ``1`` for normalised meshes.
    """

    id: str
    subject: str
    split: RecordingSplit
    pcm: NDArray[np.float32]
    vertices: NDArray[np.float32]
    template: NDArray[np.float32]
    rate: float
    unit: str


def read_vertices(path: Path, vertices: int) -> NDArray[np.float32]:
    """A ``.npy`` file of (T, 3 V) or (T, V, 3) floats as (T, V, 3) float32.

    Raises:
        DatasetError: not such a file, damaged, empty, or with values that are not finite.
    """
    try:
        # Without pickles: an array of objects would run code.
        # Mapped: a header that claims more than the file holds takes no memory.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, *DAMAGED_ARRAYS) as error:
        raise DatasetError(path, f"is not a plain .npy array ({error})", "fetch or convert it again") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        raise DatasetError(path, "does not hold floating-point numbers", "fetch or convert it again")
    if not array.shape or not len(array) or array.size != len(array) * vertices * 3:
        raise DatasetError(path, f"has shape {array.shape}, not (T, {vertices * 3})", "check which data set it is of")
    return finite(path, array.reshape(-1, vertices, 3).astype(np.float32))


def finite(path: Path, array: NDArray[np.float32]) -> NDArray[np.float32]:
    """The array, if all of it is finite.

    Raises:
        DatasetError: it is not.
    """
    if not np.isfinite(array).all():
        raise DatasetError(path, "has NaN or infinite values", "fetch or convert it again")
    return array
