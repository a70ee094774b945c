"""NumPy archives: every bit of the frames."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sdk.animation.layout import AddFrame, Layout
from sdk.runtime.frame import Frame


@contextmanager
def npz_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Writes `values` (T, V, 3) or (T, channels) float32, `index` (T,), `due_sample` (T,) at 16 kHz, `fps` (2,) as
    numerator and denominator, `unit`, and `names` (empty for vertices).
    """
    index: list[int] = []
    due: list[int] = []
    with tempfile.TemporaryFile(dir=path.parent) as values:  # a .npy header states T, known only at the end

        def add(frame: Frame) -> None:
            index.append(frame.index)
            due.append(frame.due_sample)
            values.write(frame.values.astype("<f4", copy=False).tobytes())

        yield add
        values.seek(0)
        small = {
            "index": np.array(index, np.int64),
            "due_sample": np.array(due, np.int64),
            "fps": np.array([layout.frame_rate.num, layout.frame_rate.den], np.int64),
            "unit": np.array(layout.unit),
            "names": np.array(layout.names, np.str_),
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name, array in small.items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
            with archive.open(zipfile.ZipInfo("values.npy"), "w", force_zip64=True) as member:
                header = {"descr": "<f4", "fortran_order": False, "shape": (len(index), *layout.shape)}
                np.lib.format.write_array_header_1_0(member, header)
                shutil.copyfileobj(values, member)
