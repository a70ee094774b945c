"""Animation files of every format. Where a format allows, frames go to disk as they come, so that memory does not grow
with the clip; formats with a curve a channel keep the weights, 6 kB a second, until the end.

A file appears under its name only when it is complete.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sdk.animation.formats import find_format
from sdk.animation.layout import AddFrame, Layout
from sdk.errors import UsageError
from sdk.runtime.frame import Frame


@contextmanager
def open_animation(path: Path | str, layout: Layout, name: str | None = None) -> Iterator[AddFrame]:
    """Open a file to write; the block adds frames in order. Nothing is left behind when the block raises.

    Args:
        path: of the file; an older one is replaced.
        layout: what the frames are.
        name: of the format, one of `sdk.animation.formats.FORMATS`; None for what the suffix means.

    Raises:
        UsageError: see `find_format`; no frame was added; a value is not finite; the format cannot hold the frames; or
            the file cannot be written.
        MissingDependencyError: a package of the extra ``animation`` is not installed.
    """
    path = Path(path)
    write = find_format(path, name).load()
    count = 0
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / path.name
            with write(part, layout) as add:

                def checked(frame: Frame) -> None:
                    nonlocal count
                    assert frame.values.shape == layout.shape, f"{frame.values.shape} is not {layout.shape}"
                    if not np.isfinite(frame.values).all():
                        raise UsageError(path, f"frame {frame.index} holds NaN or infinity", "mend what made it")
                    add(frame)
                    count += 1

                yield checked
                if not count:
                    raise UsageError(path, "there is no frame to write", "give longer speech")
            for beside in Path(folder).iterdir():
                if beside.is_dir():  # what the file refers to
                    shutil.copytree(beside, path.parent / beside.name, dirs_exist_ok=True)
            part.replace(path)
    except OSError as error:
        raise UsageError(path, f"cannot be written ({error.strerror})", "give another file with -o") from error
