"""Tables: a row a frame, a column a channel or coordinate."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdk.animation.layout import AddFrame, Layout
from sdk.runtime.frame import Frame


@contextmanager
def csv_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Writes a header, then a row a frame: `time` in seconds, at which the frame shows (index / fps), `frame`, and the
    values with 9 significant digits, which is every bit of a float32.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["time", "frame", *layout.columns])

        def add(frame: Frame) -> None:
            time = layout.time(frame.index)
            rows.writerow([f"{time:.6f}", frame.index, *(f"{value:.9g}" for value in frame.values.ravel().tolist())])

        yield add
