"""What the commands of ``python -m sdk rig`` read, and how they report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from sdk.animation.clip import Clip
from sdk.errors import UsageError
from sdk.rigs.rigid import Doubles
from sdk.rigs.shape_file import read_shapes
from sdk.rigs.shape_set import ShapeSet, default_shapes
from sdk.rigs.transfer.mesh_file import read_mesh
from sdk.rigs.units import MILLIMETRES

if TYPE_CHECKING:
    from sdk.rigs.reports import Report

shapes_option = click.option(
    "--shapes", type=click.Path(path_type=Path), help="The rig's shapes, .npz.  [default: the default face]"
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")


def say(report: Report, words: str, *, as_json: bool) -> None:
    """Print a report on stdout, or the same in words."""
    click.echo(report.model_dump_json(indent=2) if as_json else words)


def unit_option(subject: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--unit``, with help that says of what."""
    return click.option("--unit", type=click.Choice(list(MILLIMETRES)), help=f"Unit of {subject}.")


def shapes_or_default(path: Path | None) -> ShapeSet:
    """The shape set in a file, or the default face's.

    Raises:
        RigError: the file is no shape set.
    """
    return default_shapes() if path is None else read_shapes(path)


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
