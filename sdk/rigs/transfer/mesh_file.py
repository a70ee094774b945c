"""A user's mesh from a file: OBJ, PLY or glTF, its vertices in the file's own order.

trimesh reads it. The order matters more than anything: a vertex model puts out positions by index.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.errors import MissingDependencyError, UsageError
from sdk.rigs.rigid import Doubles
from sdk.rigs.units import MILLIMETRES
from sdk.rigs.wavefront import corner

SUFFIXES = (".obj", ".ply", ".gltf", ".glb")

MAX_BYTES = 256 << 20
"""Of a file; a face with a million vertices takes less."""

MAX_COUNT = 1 << 24
"""Of the vertices or corners that a glTF may claim."""

UNREADABLE: tuple[type[Exception], ...] = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    NameError,
    ArithmeticError,
    AssertionError,
)
UNREADABLE += (EOFError, MemoryError, RuntimeError, struct.error)
"""What trimesh raises on damaged files: it has no error of its own, but what its parsers happen to run into."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh.

    Attributes:
        vertices: (V, 3) millimetres, in the file's order.
        triangles: (F, 3), counter-clockwise seen from outside.
    """

    vertices: Doubles
    triangles: NDArray[np.int32]


def unit_of_file(path: Path) -> str:
    """The unit that lengths in a file have if nothing else is said: metres in glTF, which its specification fixes."""
    return "m" if path.suffix.lower() in {".gltf", ".glb"} else "mm"


def read_mesh(path: Path, unit: str | None = None) -> Mesh:
    """The mesh in `path`; polygons are cut into triangles.

    Args:
        path: .obj, .ply, .gltf or .glb with one mesh of one material.
        unit: mm, cm or m; if left out, `unit_of_file`.

    Raises:
        UsageError: missing, damaged, too large, of another kind, empty, several meshes, or not finite.
        MissingDependencyError: trimesh is not installed.
    """
    mend = f"give a mesh as {', '.join(SUFFIXES)}"
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(path, "its kind of file is unknown", mend)
    unit = unit or unit_of_file(path)
    if unit not in MILLIMETRES:
        raise UsageError("unit", f"{unit} is unknown", f"use {', '.join(MILLIMETRES)}")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UsageError(path, f"cannot be read ({error.strerror})", mend) from error
    if size > MAX_BYTES:
        raise UsageError(path, f"has more than {MAX_BYTES >> 20} MiB", "give a mesh of one face")
    try:
        vertices, triangles = _load(path)
    except OSError as error:
        raise UsageError(path, f"cannot be read ({error.strerror or error})", mend) from error
    except UNREADABLE as error:
        raise UsageError(path, f"is damaged ({error})", mend) from error
    if vertices.ndim != 2 or vertices.shape[1:] != (3,) or not len(vertices) or not np.isfinite(vertices).all():
        raise UsageError(path, "its vertices are none, or hold NaN or infinity", mend)
    if triangles.ndim != 2 or triangles.shape[1:] != (3,) or not len(triangles):
        raise UsageError(path, "has no triangles", mend)
    if not 0 <= triangles.min() <= triangles.max() < len(vertices):
        raise UsageError(path, "a triangle points outside the vertices", mend)
    return Mesh(vertices * MILLIMETRES[unit], triangles.astype(np.int32))


def _load(path: Path) -> tuple[Doubles, NDArray[np.int64]]:
    try:
        import trimesh
    except ImportError as error:
        raise MissingDependencyError("meshes", str(error), 'install it with pip install "nowface[rigs]"') from error

    if path.suffix.lower() == ".obj":
        bare, listed = positions_only(path)
        scene = trimesh.load_scene(bare, file_type="obj", process=False, maintain_order=True)
    else:
        listed = None
        check_counts(path)
        scene = trimesh.load_scene(str(path), process=False, maintain_order=True)
    names = list(scene.geometry)
    meshes = [mesh for mesh in scene.geometry.values() if isinstance(mesh, trimesh.Trimesh)]
    if len(meshes) != 1:
        problem = f"holds {len(meshes)} meshes ({', '.join(names[:8])})" if meshes else "holds no mesh with faces"
        raise UsageError(path, problem, "give a file of one mesh, with its vertices in the model's order")
    vertices = np.asarray(meshes[0].vertices, np.float64)
    triangles = np.asarray(meshes[0].faces, np.int64)
    if listed not in {None, len(vertices)}:
        raise UsageError(path, f"lists {listed} vertices, read as {len(vertices)}", "write it with plain v and f lines")
    return vertices, triangles


def check_counts(path: Path) -> None:
    """Refuse a glTF whose numbers without data (zeros, by its specification) would fill the memory."""
    if path.suffix.lower() in {".gltf", ".glb"}:
        counts = re.findall(rb'"count"\s*:\s*(\d+)', path.read_bytes())
        if any(len(count) > len(str(MAX_COUNT)) or int(count) > MAX_COUNT for count in counts):
            raise UsageError(path, f"claims more than {MAX_COUNT} numbers", "give a mesh of one face")


def positions_only(path: Path) -> tuple[io.BytesIO, int]:
    """An OBJ without what splits or reorders vertices (texture, normals, groups, materials), and how many it has.

    Corners that count back from the last vertex so far become numbers from 1: trimesh counts back from the file's end.
    """
    lines, listed = [], 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            kind, *words = line.split() or [""]
            if kind == "v":
                listed += 1
                lines.append(f"v {' '.join(words[:3])}")
            elif kind == "f":
                lines.append(f"f {' '.join(str(corner(word, listed) + 1) for word in words)}")
    return io.BytesIO("\n".join([*lines, ""]).encode()), listed
