"""``python -m sdk rig transfer`` and ``landmarks``: a rig's shapes on a mesh of another topology."""

from __future__ import annotations

from pathlib import Path

import click

from sdk.cli.rig_files import json_option, say, shapes_option, unit_option
from sdk.errors import UsageError

PLAUSIBLE = (0.2, 5.0)
"""Sizes of a face against the rig's; beyond them the unit is wrong."""

FAR = 5.0
"""Millimetres from the rig's surface at which a vertex is counted as having no part in it."""


@click.command()
@click.argument("mesh", type=click.Path(path_type=Path))
@click.option("--landmarks", "pairs", type=click.Path(path_type=Path), required=True, help="Pairs, .csv or .json.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Shapes to write, .npz.")
@shapes_option
@unit_option("the mesh  [default: m for glTF, else mm]")
@click.option("--pairs", "dense", type=click.Path(path_type=Path), help="Write a pair for every vertex too, .csv.")
@json_option
def transfer(
    *,
    mesh: Path,
    pairs: Path,
    output: Path,
    shapes: Path | None,
    unit: str | None,
    dense: Path | None,
    as_json: bool,
) -> None:
    """Carry a rig's shapes over to MESH (.obj, .ply, .glb, .gltf) through landmarks that are paired by hand."""
    import numpy as np

    from sdk.cli.rig_files import shapes_or_default
    from sdk.rigs.reports import TransferReport
    from sdk.rigs.shape_file import write_shapes
    from sdk.rigs.transfer import carry_shapes, fit_topology, read_mesh, read_pairs, write_pairs

    for path, suffix in ((output, ".npz"), (dense, ".csv")):
        if path is not None and (path.suffix.lower() != suffix or not path.parent.is_dir() or path.is_dir()):
            raise UsageError(path, f"cannot be a {suffix} file there", f"end it with {suffix}, in a folder that exists")
    rig = shapes_or_default(shapes)
    source = read_mesh(mesh, unit)
    fit = fit_topology(source, rig, read_pairs(pairs, rig.landmarks))
    scale = fit.warp.similarity.scale
    if not PLAUSIBLE[0] <= scale <= PLAUSIBLE[1]:
        problem = f"is {1 / scale:.3g} times the size of the rig's face"
        raise UsageError(mesh, problem, "say the unit of its lengths with --unit")
    write_shapes(output, carry_shapes(source, rig, fit))
    if dense is not None:
        write_pairs(dense, fit.pairs, fit.distance)
    report = TransferReport(
        report="transfer",
        output=str(output),
        pairs=None if dense is None else str(dense),
        shapes=len(rig.channels),
        vertices=len(source.vertices),
        size=1 / scale,
        landmark_error_mm=float(fit.landmark_error.mean()),
        distance_mm=float(np.median(fit.distance)),
        far_mm=FAR,
        far=int((fit.distance > FAR).sum()),
    )
    words = (
        f"{output}: {report.shapes} shapes on {report.vertices} vertices; the face is {report.size:.2f} times "
        f"the rig's size, landmarks differ by {report.landmark_error_mm:.1f} mm in form; vertices lie "
        f"{report.distance_mm:.2f} mm from the rig in the middle, {report.far} farther than {FAR:g} mm"
    )
    say(report, words, as_json=as_json)


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write, .csv.")
@shapes_option
@json_option
def landmarks(*, output: Path, shapes: Path | None, as_json: bool) -> None:
    """Write the list of landmarks that a rig names, to fill in the vertices of another mesh."""
    from sdk.cli.rig_files import shapes_or_default
    from sdk.rigs.reports import LandmarksReport
    from sdk.rigs.transfer import write_blank_landmarks

    rig = shapes_or_default(shapes)
    if not rig.landmarks:
        raise UsageError(shapes, "names no landmarks", "pair vertices by their numbers")
    write_blank_landmarks(output, rig.landmarks)
    report = LandmarksReport(report="landmarks", output=str(output), landmarks=list(rig.landmarks))
    words = f"{output}: {len(rig.landmarks)} landmarks; fill in the column source, or leave it empty"
    say(report, words, as_json=as_json)
