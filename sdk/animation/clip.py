"""Reads the .npz of ``python -m sdk animate`` back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.arrays_file import Arrays, read_arrays
from sdk.errors import UsageError
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate

MEND = "give the .npz of python -m sdk animate"

KINDS = {"values": "f", "index": "iu", "due_sample": "iu", "fps": "iu", "unit": "U", "names": "U"}
"""Array -> letters of NumPy's kinds that it may have."""


@dataclass(frozen=True, eq=False)
class Clip:
    """An animation file's content: T frames, T at least 1.

    Attributes:
        values: (T, V, 3) vertices or (T, channels) weights, float32, finite.
        names: of the channels; empty for vertices.
        unit: of the values.
        frame_rate: of the frames.
        index: (T,) numbers of the frames, rising; they jump where frames were skipped.
        due_sample: (T,) at 16 kHz.
    """

    values: NDArray[np.float32]
    names: tuple[str, ...]
    unit: str
    frame_rate: FrameRate
    index: NDArray[np.int64]
    due_sample: NDArray[np.int64]

    def frames(self, values: NDArray[np.float32]) -> Iterator[Frame]:
        """Frames with this clip's times and other `values` (T, ...)."""
        for index, due, row in zip(self.index.tolist(), self.due_sample.tolist(), values, strict=True):
            yield Frame(index, due, row, {})


def read_clip(path: Path) -> Clip:
    """The clip in a file.

    Raises:
        UsageError: missing, damaged, of another kind, without frames, or not finite.
    """
    arrays = read_arrays(path, UsageError, MEND)
    problem = _defect(arrays)
    if problem:
        raise UsageError(path, problem, MEND)
    num, den = arrays["fps"].tolist()
    return Clip(
        values=arrays["values"].astype(np.float32),
        names=tuple(arrays["names"].tolist()),
        unit=str(arrays["unit"]),
        frame_rate=FrameRate(num=num, den=den),
        index=arrays["index"].astype(np.int64),
        due_sample=arrays["due_sample"].astype(np.int64),
    )


def _defect(arrays: Arrays) -> str | None:
    for name, kinds in KINDS.items():
        if name not in arrays:
            return f"is no animation: it has no {name}"
        if arrays[name].dtype.kind not in kinds:
            return f"is no animation: its {name} are of type {arrays[name].dtype}"
    values, index, due, fps, names = (arrays[name] for name in ("values", "index", "due_sample", "fps", "names"))
    shape = names.shape if names.size else (values.shape[1] if values.ndim == 3 else 0, 3)
    if not values.size or values.shape[1:] != shape:
        return f"its values have the shape {values.shape}"
    if not index.shape == due.shape == (len(values),) or (np.diff(index) <= 0).any() or index[0] < 0:
        return "its frames are not numbered in order"
    if fps.shape != (2,) or not 1 <= fps.min() <= fps.max() <= 1_000_000:
        return f"its rate is {fps.tolist()}"
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    return f"frame {index[bad[0]]} holds NaN or infinity" if len(bad) else None
