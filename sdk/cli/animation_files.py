"""Writers of animation files. Frames go to disk as they come, so memory does not grow with the clip.

The file appears under its name only when it is complete.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdk.errors import UsageError
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate

AddFrame = Callable[[Frame], None]


@dataclass(frozen=True)
class Layout:
    """What the frames of a file are.

    Attributes:
        shape: of a frame's values: (V, 3) or (channels,).
        names: of the channels; empty for vertices.
        unit: of the values.
        frame_rate: of the frames.
    """

    shape: tuple[int, ...]
    names: tuple[str, ...]
    unit: str
    frame_rate: FrameRate

    @property
    def columns(self) -> list[str]:
        """One name for each number of a frame: the channels, or ``v0_x v0_y v0_z v1_x ...``."""
        return list(self.names) or [f"v{vertex}_{axis}" for vertex in range(self.shape[0]) for axis in "xyz"]


def check_suffix(path: Path) -> None:
    """Refuse a file that no writer can make, before any work is done.

    Raises:
        UsageError: the suffix is unknown, or the folder does not exist.
    """
    if path.suffix.lower() not in _WRITERS:
        raise UsageError(path, "its kind of file is unknown", f"end the name with {' or '.join(_WRITERS)}")
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(path, "cannot be a file there", "give a file name in a folder that exists")


@contextmanager
def open_animation(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Open a file to write; the block adds frames in order. Nothing is left behind when the block raises.

    ``.npz`` holds `values` (T, V, 3) or (T, channels) float32, `index` (T,), `due_sample` (T,) at 16 kHz, `fps`
    (2,) as numerator and denominator, `unit` and `names` (empty for vertices). ``.csv`` holds a header, then a row a
    frame: `time` in seconds, at which the frame shows (index / fps), `frame`, and the values with 9 significant digits,
    which is every bit of a float32.

    Raises:
        UsageError: see `check_suffix`, or the file cannot be written.
    """
    check_suffix(path)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / path.name
            with _WRITERS[path.suffix.lower()](part, layout) as add:
                yield add
            part.replace(path)
    except OSError as error:
        raise UsageError(path, f"cannot be written ({error.strerror})", "give another file with -o") from error


@contextmanager
def _csv_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["time", "frame", *layout.columns])

        def add(frame: Frame) -> None:
            time = float(frame.index / layout.frame_rate.fraction)
            rows.writerow([f"{time:.6f}", frame.index, *(f"{value:.9g}" for value in frame.values.ravel().tolist())])

        yield add


@contextmanager
def _npz_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
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


_WRITERS: dict[str, Callable[[Path, Layout], AbstractContextManager[AddFrame]]] = {
    ".npz": _npz_file,
    ".csv": _csv_file,
}
