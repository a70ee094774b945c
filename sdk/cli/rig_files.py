"""What the commands of ``python -m sdk rig`` read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

from sdk.errors import UsageError
from sdk.rigs.head import Floats
from sdk.rigs.rigid import Doubles
from sdk.rigs.shape_file import guarded_arrays, read_shapes
from sdk.rigs.shape_set import ShapeSet, default_shapes
from sdk.rigs.transfer.mesh_file import MILLIMETRES, read_mesh
from sdk.spec import FrameRate

if TYPE_CHECKING:
    from sdk.runtime.frame import Frame

MEND = "give the .npz of python -m sdk animate"

shapes_option = click.option(
    "--shapes", type=click.Path(path_type=Path), help="The rig's shapes, .npz.  [default: the default face]"
)


def unit_option(subject: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--unit``, with help that says of what."""
    return click.option("--unit", type=click.Choice(list(MILLIMETRES)), help=f"Unit of {subject}.")


def shapes_or_default(path: Path | None) -> ShapeSet:
    """The shape set in a file, or the default face's.

    Raises:
        RigError: the file is no shape set.
    """
    return default_shapes() if path is None else read_shapes(path)


@dataclass(frozen=True, eq=False)
class Clip:
    """An animation file's content.

    Attributes:
        values: (T, V, 3) or (T, channels) float32, finite.
        names: of the channels; empty for vertices.
        unit: of the values.
        frame_rate: of the frames.
        index: (T,) numbers of the frames.
        due_sample: (T,) at 16 kHz.
    """

    values: Floats
    names: tuple[str, ...]
    unit: str
    frame_rate: FrameRate
    index: NDArray[np.int64]
    due_sample: NDArray[np.int64]

    def frames(self, values: Floats) -> Iterator[Frame]:
        """Frames with this clip's times and other `values` (T, ...)."""
        from sdk.runtime.frame import Frame

        for index, due, row in zip(self.index.tolist(), self.due_sample.tolist(), values, strict=True):
            yield Frame(index, due, row, {})


def read_clip(path: Path) -> Clip:
    """The clip in an .npz that ``animate`` wrote.

    Raises:
        UsageError: missing, damaged, of another kind, without frames, or not finite.
    """
    arrays = guarded_arrays(path, UsageError, MEND)
    try:
        values, names, index, due = (arrays[name] for name in ("values", "names", "index", "due_sample"))
        num, den = arrays["fps"].tolist()
        rate, unit = FrameRate(num=num, den=den), str(arrays["unit"])
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(path, f"is no animation ({error})", MEND) from error
    count = len(values) if values.ndim else 0
    if values.dtype.kind != "f" or values.ndim not in {2, 3} or not values.size:
        raise UsageError(path, f"holds values of type {values.dtype} and shape {values.shape}", MEND)
    if not index.shape == due.shape == (count,) or index.dtype.kind not in "iu" or due.dtype.kind not in "iu":
        raise UsageError(path, "its frames have no numbers or times", MEND)
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values.reshape(count, -1)).all(axis=1))[0])
        raise UsageError(path, f"frame {index[bad]} holds NaN or infinity", "mend what made it")
    channels = tuple(str(name) for name in names.ravel())
    return Clip(values.astype(np.float32), channels, unit, rate, index.astype(np.int64), due.astype(np.int64))


def millimetres_of(clip: Clip, unit: str | None, path: Path) -> float:
    """Millimetres a unit of the clip's vertices.

    Raises:
        UsageError: neither the clip nor the user says what they are in.
    """
    said = unit or clip.unit
    if said not in MILLIMETRES:
        raise UsageError(path, f"its unit is {said!r}", f"say what it is with --unit {'|'.join(MILLIMETRES)}")
    return MILLIMETRES[said]


def read_rest(path: Path, unit: str | None) -> Doubles:
    """(V, 3) millimetres: a face at rest, from a mesh or a .npy array.

    Raises:
        UsageError: it cannot be read.
    """
    from sdk.cli.face_options import read_vertices

    if path.suffix.lower() == ".npy":
        return read_vertices(path).astype(np.float64) * MILLIMETRES[unit or "mm"]
    return read_mesh(path, unit).vertices
