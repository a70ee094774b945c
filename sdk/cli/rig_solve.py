"""``python -m sdk rig solve`` and ``pose``: a clip of vertices to a rig's weights, and back."""

from __future__ import annotations

from pathlib import Path

import click

from sdk.cli.common import progress
from sdk.cli.rig_files import json_option, say, shapes_option, unit_option
from sdk.errors import UsageError

FAR_OFF = 5.0
"""Millimetres of mean error that no speech makes: the clip is then not of the face that the shapes are for."""


@click.command()
@click.argument("animation", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write, e.g. .csv or .npz."
)
@shapes_option
@click.option("--rest", type=click.Path(path_type=Path), help="The clip's face at rest, if it is not the shapes' own.")
@unit_option("the clip and --rest  [default: what the clip says]")
@click.option("--emphasis", multiple=True, metavar="REGION=N", help="Let a region count 1 + N times, e.g. lips=4.")
@click.option("--noise", type=float, help="Millimetres by which vertices err; more smooths more.  [default: 0.2]")
@click.option("--align-head", is_flag=True, help="Take the movement of the whole head out first.")
@json_option
def solve(
    *,
    animation: Path,
    output: Path,
    shapes: Path | None,
    rest: Path | None,
    unit: str | None,
    emphasis: tuple[str, ...],
    noise: float | None,
    align_head: bool,
    as_json: bool,
) -> None:
    """Turn the vertices in ANIMATION (.npz of ``python -m sdk animate``) into the weights of a rig."""
    import time
    from dataclasses import asdict

    import numpy as np

    from sdk.animation.clip import read_clip
    from sdk.animation.files import open_animation
    from sdk.animation.formats import find_format
    from sdk.animation.layout import Layout
    from sdk.cli.rig_files import millimetres_of, read_rest, shapes_or_default
    from sdk.rigs.fit_quality import fit_quality
    from sdk.rigs.reports import SolveReport
    from sdk.rigs.solve import NOISE, SolveState, prepare_solve, solve_frame

    find_format(output, None)
    shape_set = shapes_or_default(shapes)
    clip = read_clip(animation)
    if clip.names or clip.values.ndim != 3:
        raise UsageError(animation, "holds weights, not vertices", "give the animation of a model with vertices")
    size = len(shape_set.vertices)
    if clip.values.shape[1:] != (size, 3):
        counts = f"has {clip.values.shape[1]} vertices, the shapes {size}"
        raise UsageError(animation, counts, "carry the shapes over with python -m sdk rig transfer")
    vertices = clip.values * np.float32(millimetres_of(clip, unit, animation))
    if rest is not None:
        at_rest = read_rest(rest, unit)
        if at_rest.shape != (size, 3):
            raise UsageError(rest, f"has {len(at_rest)} vertices", f"give {size}, as the shapes have")
        vertices += shape_set.vertices - at_rest.astype(np.float32)
    problem = prepare_solve(
        shape_set,
        emphasis=parsed_emphasis(emphasis),
        noise=NOISE if noise is None else noise,
        align_head=align_head,
    )
    weights = np.zeros((len(vertices), len(shape_set.channels)), np.float32)
    state, spent = SolveState(), 0.0
    with progress() as bar:
        for number, frame in enumerate(bar.track(vertices, description=animation.name)):
            began = time.process_time()
            weights[number], state = solve_frame(problem, frame, state)
            spent += time.process_time() - began
            if state.pose is not None:
                vertices[number] = state.pose.undo(frame.astype(np.float64))
    with open_animation(output, Layout(weights.shape[1:], shape_set.channels, "1", clip.frame_rate)) as add:
        for each in clip.frames(weights):
            add(each)
    quality = fit_quality(shape_set, weights, vertices)
    report = SolveReport(
        report="solve",
        output=str(output),
        frames=len(weights),
        channels=len(shape_set.channels),
        cpu_ms_a_frame=spent / len(weights) * 1000,
        doubtful=quality.mean_mm > FAR_OFF,
        **asdict(quality),
    )
    lips = "" if report.lips_mm is None else f", {report.lips_mm:.3f} at the lips"
    doubt = "; is the clip of a face with another rest (--rest), or does its head move (--align-head)?"
    words = (
        f"{output}: {report.frames} frames, {report.cpu_ms_a_frame:.2f} ms of CPU each; "
        f"error {report.mean_mm:.3f} mm mean, {report.p95_mm:.3f} p95{lips}; "
        f"jitter {report.jitter_in_mm:.4f} mm in, {report.jitter_out_mm:.4f} out{doubt if report.doubtful else ''}"
    )
    say(report, words, as_json=as_json)


def parsed_emphasis(options: tuple[str, ...]) -> dict[str, float]:
    """``lips=4`` as region and number.

    Raises:
        UsageError: an option is not of that form.
    """
    emphasis = {}
    for option in options:
        region, _, strength = option.partition("=")
        try:
            emphasis[region] = float(strength)
        except ValueError as error:
            raise UsageError("--emphasis", f"{option!r} is not REGION=NUMBER", "give e.g. lips=4") from error
    return emphasis


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write: .npz or .csv.")
@shapes_option
@json_option
def pose(*, weights: Path, output: Path, shapes: Path | None, as_json: bool) -> None:
    """Turn WEIGHTS (.npz of ``animate`` or ``solve``) into vertices in millimetres: the reverse of ``solve``."""
    import numpy as np

    from sdk.animation.clip import read_clip
    from sdk.animation.files import open_animation
    from sdk.animation.formats import find_format
    from sdk.animation.layout import Layout
    from sdk.cli.rig_files import shapes_or_default
    from sdk.rigs.reports import PoseReport

    find_format(output, None)
    shape_set = shapes_or_default(shapes)
    clip = read_clip(weights)
    missing = [name for name in shape_set.channels if name not in clip.names]
    if clip.values.ndim != 2 or len(missing) == len(shape_set.channels):
        raise UsageError(weights, "holds no weights of these shapes", "give weights whose channels the shapes name")
    placed = np.zeros((len(clip.values), len(shape_set.channels)), np.float32)
    for column, name in enumerate(shape_set.channels):
        if name in clip.names:
            placed[:, column] = clip.values[:, clip.names.index(name)]
    layout = Layout(shape_set.vertices.shape, (), "mm", clip.frame_rate)
    with open_animation(output, layout) as add:
        for row, frame in zip(placed, clip.frames(placed), strict=True):
            add(type(frame)(frame.index, frame.due_sample, shape_set.pose(row), {}))
    absent = f"; {len(missing)} channels of the shapes are not in it and stay at 0" if missing else ""
    report = PoseReport(
        report="pose", output=str(output), frames=len(placed), vertices=len(shape_set.vertices), missing=missing
    )
    say(report, f"{output}: {len(placed)} frames of {len(shape_set.vertices)} vertices{absent}", as_json=as_json)
