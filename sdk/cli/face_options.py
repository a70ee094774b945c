"""The face a user asks for on the command line: a template mesh and a speaking style, as session parameters; and the
mesh of it that goes into animation files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdk.arrays_file import DAMAGED_ARRAYS
from sdk.errors import UsageError
from sdk.rigs.head import Indices
from sdk.rigs.wavefront import corner
from sdk.runtime.executor import Array
from sdk.spec import PipelineSpec, TensorSpec

if TYPE_CHECKING:
    from sdk.animation.face import Face
    from sdk.bundle import Bundle


def parameters_from_options(pipeline: PipelineSpec, template: Path | None, style: str | None) -> dict[str, Array]:
    """Session parameters for ``--template`` and ``--style``; those not given keep the bundle's defaults.

    Raises:
        UsageError: the bundle has no such parameter, or the value does not fit it.
    """
    parameters: dict[str, Array] = {}
    if template is not None:
        spec = _spec(pipeline, "template", "--template")
        vertices = read_vertices(template)
        if vertices.size != spec.size:
            mend = f"give {spec.size // 3} vertices in {spec.unit}, as the bundle's topology has"
            raise UsageError(template, f"has {len(vertices)} vertices", mend)
        parameters["template"] = vertices.reshape(spec.shape)
    if style is not None:
        parameters["style"] = parse_style(style, _spec(pipeline, "style", "--style"))
    return parameters


def face_from_options(bundle: Bundle, template: Path | None, channels: tuple[str, ...] = ()) -> Face:
    """The mesh that the frames of a bundle move: the default head for channels, ``--template`` for vertices.

    Args:
        bundle: whose frames they are.
        template: a mesh.
        channels: of the frames where they are mapped to another rig's; the bundle's own if left out.

    Raises:
        UsageError: the frames are vertices, and no template tells which of them are joined to triangles.
    """
    from sdk.animation.face import face_of_head, face_of_mesh

    if bundle.rig.kind == "channels":
        return face_of_head(channels=channels or bundle.rig.names)
    if template is None or template.suffix.lower() != ".obj":
        mend = "give --template FACE.obj of the bundle's topology, or write .npz or .csv"
        raise UsageError("--template", "this bundle's frames are vertices, and their triangles are not known", mend)
    return face_of_mesh(read_vertices(template), read_triangles(template), bundle.unit)


def read_triangles(path: Path) -> Indices:
    """Triangles (F, 3) of the ``f`` lines of a Wavefront ``.obj`` that `read_vertices` can read; polygons are cut into
    fans.

    Raises:
        UsageError: there is none, or a line is damaged or points at a vertex that is not there.
    """
    mend = "give a .obj mesh with faces"
    vertices = 0
    fans: list[tuple[int, int, int]] = []
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            vertices += line.startswith("v ")
            if line.startswith("f "):
                fans += _fan(line, vertices)
    except ValueError as error:
        raise UsageError(path, f"a face cannot be read ({error})", mend) from error
    if not fans:
        raise UsageError(path, "has no faces", mend)
    triangles = np.array(fans, np.int64)
    if triangles.min() < 0 or triangles.max() >= vertices:
        raise UsageError(path, f"a face points beyond its {vertices} vertices", mend)
    return triangles.astype(np.int32)


def read_vertices(path: Path) -> Array:
    """Vertices (V, 3) of a ``.npy`` array or of the ``v`` lines of a Wavefront ``.obj``, finite float32.

    Raises:
        UsageError: missing, unreadable, of another kind, or not (V, 3) finite numbers.
    """
    readers = {".npy": _read_npy, ".obj": _read_obj}
    mend = "give a .npy array of shape (V, 3) or a .obj mesh"
    if path.suffix.lower() not in readers:
        raise UsageError(path, "its kind of file is unknown", mend)
    try:
        vertices = readers[path.suffix.lower()](path)
    except FileNotFoundError as error:
        raise UsageError(path, "does not exist", mend) from error
    except (OSError, *DAMAGED_ARRAYS) as error:
        raise UsageError(path, f"cannot be read ({error})", mend) from error
    if vertices.ndim != 2 or vertices.shape[1] != 3 or len(vertices) == 0 or vertices.dtype.kind not in "fiu":
        raise UsageError(path, f"holds {vertices.dtype} numbers of shape {vertices.shape}", mend)
    with np.errstate(over="ignore"):
        floats = np.array(vertices, np.float32, order="C")
    if not np.isfinite(floats).all():
        raise UsageError(path, "holds NaN or infinity", "give finite vertices")
    return floats


def parse_style(text: str, spec: TensorSpec) -> Array:
    """``2`` is the one-hot style of that index, ``0.5,0,0.5`` the weights themselves; the spec's shape.

    Raises:
        UsageError: not an index of a style, or not one finite number for each.
    """
    mend = f"give an index from 0 to {spec.size - 1}, or {spec.size} numbers with commas between them"
    style = np.zeros(spec.size, np.float32)
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        if int(text) >= spec.size:
            raise UsageError("--style", f"{text} is not a style of this bundle", mend)
        style[int(text)] = 1
        return style.reshape(spec.shape)
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise UsageError("--style", f"{text!r} is not a list of numbers", mend) from error
    if len(weights) != spec.size or not np.isfinite(weights).all():
        raise UsageError("--style", f"{text!r} is not {spec.size} finite numbers", mend)
    style[:] = weights
    return style.reshape(spec.shape)


def _spec(pipeline: PipelineSpec, name: str, option: str) -> TensorSpec:
    for spec in pipeline.parameters:
        if spec.name == name:
            return spec
    raise UsageError(option, f"this bundle has no {name}", "leave the option out")


def _read_npy(path: Path) -> NDArray[np.generic]:
    # Mapped, not read: a header that promises more than the file holds is refused before any memory is taken.
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError("an archive, not one array")
    return array


def _read_obj(path: Path) -> NDArray[np.generic]:
    rows = [line.split()[1:4] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("v ")]
    return np.array(rows, np.float64).reshape(len(rows), -1)


def _fan(line: str, vertices: int) -> Iterator[tuple[int, int, int]]:
    """Triangles of a line such as ``f 1/2/3 4//5 -1`` that follows so many vertices."""
    corners = [corner(word, vertices) for word in line.split()[1:]]
    if len(corners) < 3:
        raise ValueError(line.strip())
    yield from ((corners[0], *pair) for pair in pairwise(corners[1:]))
