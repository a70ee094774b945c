"""Animation files of every format. Where a format allows, frames go to disk as they come, so that memory does not grow
with the clip; formats with a curve a channel keep the weights, 6 kB a second, until the end.

A file appears under its name only when it is complete.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdk.animation.layout import AddFrame, Layout, Writer
from sdk.errors import UsageError
from sdk.runtime.frame import Frame


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        suffix: of its files.
        writer: module and function, loaded when used: some need packages of the extra ``animation``.
        mesh: whether it holds the face itself.
    """

    suffix: str
    writer: str
    mesh: bool = False

    def load(self) -> Writer:
        """The writer."""
        module, name = self.writer.split(":")
        writer: Writer = getattr(importlib.import_module(module), name)
        return writer


FORMATS: dict[str, Format] = {
    "npz": Format(".npz", "sdk.animation.npz_file:npz_file"),
    "csv": Format(".csv", "sdk.animation.csv_file:csv_file"),
    "live-link-face": Format(".csv", "sdk.animation.live_link_face:live_link_face_file"),
    "json": Format(".json", "sdk.animation.json_file:json_file"),
    "glb": Format(".glb", "sdk.animation.gltf_file:gltf_file", mesh=True),
    "usda": Format(".usda", "sdk.animation.usd_file:usd_file", mesh=True),
    "usdc": Format(".usdc", "sdk.animation.usd_file:usd_file", mesh=True),
    "usdz": Format(".usdz", "sdk.animation.usd_file:usd_file", mesh=True),
    "anim": Format(".anim", "sdk.animation.unity_anim:unity_anim_file"),
}
"""By name. The first with a suffix is what that suffix alone means."""


def find_format(path: Path, name: str | None = None) -> Format:
    """The format of a file, by `name` or by its suffix, before any work is done.

    Raises:
        UsageError: the suffix is unknown or not that of the format, or the folder does not exist.
    """
    suffix = path.suffix.lower()
    fitting = [each for key, each in FORMATS.items() if each.suffix == suffix and name in (None, key)]
    if not fitting:
        wanted = [FORMATS[name].suffix] if name else list(dict.fromkeys(each.suffix for each in FORMATS.values()))
        what = f"is no name of a {name} file" if name else "its kind of file is unknown"
        raise UsageError(path, what, f"end the name with {' or '.join(wanted)}")
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(path, "cannot be a file there", "give a file name in a folder that exists")
    return fitting[0]


@contextmanager
def open_animation(path: Path, layout: Layout, name: str | None = None) -> Iterator[AddFrame]:
    """Open a file to write; the block adds frames in order. Nothing is left behind when the block raises.

    Args:
        path: of the file; an older one is replaced.
        layout: what the frames are.
        name: of the format, one of `FORMATS`; None for what the suffix means.

    Raises:
        UsageError: see `find_format`; no frame was added; a value is not finite; the format cannot hold the frames; or
            the file cannot be written.
        MissingDependencyError: a package of the extra ``animation`` is not installed.
    """
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
