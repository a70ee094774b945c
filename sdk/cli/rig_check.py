"""``python -m sdk rig check``: how well a rig's weights can be told from its vertices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import FiniteRange
from sdk.cli.rig_files import json_option, shapes_option
from sdk.errors import UsageError

if TYPE_CHECKING:
    from numpy.random import Generator

    from sdk.rigs.head import Floats
    from sdk.rigs.reports import CheckReport
    from sdk.rigs.shape_set import ShapeSet

LEAST_INDEPENDENT = 0.001
"""Below this, a tenth of a millimetre of noise outweighs what is the channel's own."""


@click.command()
@shapes_option
@click.option("--weights", type=click.Path(path_type=Path), help="Weights to pose, .npz.  [default: random ones]")
@click.option("--frames", type=click.IntRange(3, 100_000), default=200, show_default=True, help="Of random weights.")
@click.option("--noise", type=FiniteRange(0), multiple=True, default=(0.0, 0.1, 0.5), show_default=True)
@click.option("--smooth", type=FiniteRange(0), help="The solver's own --noise.  [default: 0.2]")
@json_option
def check(
    *,
    shapes: Path | None,
    weights: Path | None,
    frames: int,
    noise: tuple[float, ...],
    smooth: float | None,
    as_json: bool,
) -> None:
    """Pose a rig, add noise to the vertices, solve the weights back, and show how far they are off.

    NOISE is in millimetres, Gaussian on each coordinate. Random weights are new in each frame, three in ten above 0.
    """
    import numpy as np

    from sdk.cli.rig_files import shapes_or_default

    shape_set = shapes_or_default(shapes)
    generator = np.random.default_rng(0)
    truth = random_weights(shape_set, frames, generator) if weights is None else read_weights(weights, shape_set)
    report = measure(shape_set, truth, noise, smooth, generator)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        show(report)


def random_weights(shape_set: ShapeSet, frames: int, generator: Generator) -> Floats:
    """(frames, K) weights in their ranges, three in ten away from the low end."""
    import numpy as np

    shape = frames, len(shape_set.channels)
    share = generator.uniform(0, 1, shape) * (generator.random(shape) < 0.3)
    return (shape_set.low + share * (shape_set.high - shape_set.low)).astype(np.float32)


def read_weights(path: Path, shape_set: ShapeSet) -> Floats:
    """(T, K) weights of an animation file, in the order of the shapes.

    Raises:
        UsageError: it lacks channels of the shapes, or holds vertices.
    """
    from sdk.animation.clip import read_clip

    clip = read_clip(path)
    absent = [name for name in shape_set.channels if name not in clip.names]
    if absent or clip.values.ndim != 2:
        lacking = f"lacks {len(absent)} channels of the shapes, such as {absent[0]}" if absent else "holds vertices"
        raise UsageError(path, lacking, "give weights of every channel")
    return clip.values[:, [clip.names.index(name) for name in shape_set.channels]]


def measure(
    shape_set: ShapeSet, truth: Floats, noise: tuple[float, ...], smooth: float | None, generator: Generator
) -> CheckReport:
    """Solve weights (T, K) back from vertices with each of the levels of noise in millimetres."""
    import time
    from dataclasses import asdict

    import numpy as np

    from sdk.rigs.fit_quality import fit_quality
    from sdk.rigs.reports import CheckReport, NoiseLevel
    from sdk.rigs.solve import NOISE, prepare_solve, solve_clip

    problem = prepare_solve(shape_set, noise=NOISE if smooth is None else smooth)
    clean, levels = shape_set.pose(truth), []
    for level in noise:
        given = clean + generator.normal(0, level, clean.shape).astype(np.float32)
        began = time.process_time()
        found = solve_clip(problem, given)
        spent = (time.process_time() - began) / len(found)
        quality, off = fit_quality(shape_set, found, given, clean), float(np.abs(found - truth).mean())
        levels.append(NoiseLevel(noise_mm=level, weight=off, cpu_ms_a_frame=spent * 1000, **asdict(quality)))
    independence = dict(zip(shape_set.channels, map(float, problem.independence), strict=True))
    alike = [name for name, share in independence.items() if share < LEAST_INDEPENDENT]
    return CheckReport(report="check", frames=len(truth), levels=levels, independence=independence, alike=alike)


def show(report: CheckReport) -> None:
    """A table with a row a level of noise, and what is known of the channels below it."""
    from rich.table import Table

    from sdk.cli.common import stdout

    table = Table(
        "noise mm", "mean mm", "p95 mm", "lips mm", "weight", "jitter in mm", "jitter out mm", "CPU ms a frame"
    )
    for level in report.levels:
        numbers = [level.mean_mm, level.p95_mm, level.lips_mm, level.weight, level.jitter_in_mm, level.jitter_out_mm]
        cells = ("-" if number is None else f"{number:.4f}" for number in numbers)
        table.add_row(f"{level.noise_mm:g}", *cells, f"{level.cpu_ms_a_frame:.2f}")
    stdout.print(table)
    weakest = sorted(report.independence, key=report.independence.__getitem__)[:3]
    stdout.print(f"least independent: {', '.join(f'{name} {report.independence[name]:.4f}' for name in weakest)}")
    if report.alike:
        stdout.print(f"cannot be told from others: {', '.join(report.alike)}")
