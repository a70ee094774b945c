"""The formats of animation files, by name. Their writers load when used."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdk.errors import UsageError

if TYPE_CHECKING:
    from sdk.animation.layout import Writer


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


def find_format(path: Path | str, name: str | None = None) -> Format:
    """The format of a file, by `name` or by its suffix, before any work is done.

    Raises:
        UsageError: the suffix is unknown or not that of the format, or the folder does not exist.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    fitting = [each for key, each in FORMATS.items() if each.suffix == suffix and name in (None, key)]
    if not fitting:
        wanted = [FORMATS[name].suffix] if name else list(dict.fromkeys(each.suffix for each in FORMATS.values()))
        what = f"is no name of a {name} file" if name else "its kind of file is unknown"
        raise UsageError(path, what, f"end the name with {' or '.join(wanted)}")
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(path, "cannot be a file there", "give a file name in a folder that exists")
    return fitting[0]
