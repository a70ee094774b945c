"""``python -m sdk rig check``: how well a rig's weights can be told from its vertices."""

from __future__ import annotations

from pathlib import Path

import click

from sdk.cli.rig_files import shapes_option
from sdk.errors import UsageError

LEAST_INDEPENDENT = 0.001
"""Below this, a tenth of a millimetre of noise outweighs what is the channel's own."""


@click.command()
@shapes_option
@click.option("--weights", type=click.Path(path_type=Path), help="Weights to pose, .npz.  [default: random ones]")
@click.option("--frames", type=click.IntRange(3, 100_000), default=200, show_default=True, help="Of random weights.")
@click.option("--noise", type=click.FloatRange(0), multiple=True, default=(0.0, 0.1, 0.5), show_default=True)
@click.option("--smooth", type=click.FloatRange(0), help="The solver's own --noise.  [default: 0.2]")
def check(
    *, shapes: Path | None, weights: Path | None, frames: int, noise: tuple[float, ...], smooth: float | None
) -> None:
    """Pose a rig, add noise to the vertices, solve the weights back, and show how far they are off.

    NOISE is in millimetres, Gaussian on each coordinate. Random weights are new in each frame, three in ten above 0.
    """
    import time

    import numpy as np
    from rich.table import Table

    from sdk.animation.clip import read_clip
    from sdk.cli.common import stdout
    from sdk.cli.rig_files import shapes_or_default
    from sdk.rigs.fit_quality import fit_quality
    from sdk.rigs.solve import NOISE, prepare_solve, solve_clip

    shape_set = shapes_or_default(shapes)
    generator = np.random.default_rng(0)
    if weights is None:
        shape = (frames, len(shape_set.channels))
        share = generator.uniform(0, 1, shape) * (generator.random(shape) < 0.3)
        truth = (shape_set.low + share * (shape_set.high - shape_set.low)).astype(np.float32)
    else:
        clip = read_clip(weights)
        absent = [name for name in shape_set.channels if name not in clip.names]
        if absent or clip.values.ndim != 2:
            lacking = f"lacks {len(absent)} channels of the shapes, such as {absent[0]}" if absent else "holds vertices"
            raise UsageError(weights, lacking, "give weights of every channel")
        truth = clip.values[:, [clip.names.index(name) for name in shape_set.channels]]
    problem = prepare_solve(shape_set, noise=NOISE if smooth is None else smooth)
    table = Table(
        "noise mm", "mean mm", "p95 mm", "lips mm", "weight", "jitter in mm", "jitter out mm", "CPU ms a frame"
    )
    clean = shape_set.pose(truth)
    for level in noise:
        given = clean + generator.normal(0, level, clean.shape).astype(np.float32)
        began = time.process_time()
        found = solve_clip(problem, given)
        spent = (time.process_time() - began) / len(found)
        quality = fit_quality(shape_set, found, given, clean)
        numbers = [quality.mean_mm, quality.p95_mm, quality.lips_mm, np.abs(found - truth).mean()]
        numbers += [quality.jitter_in_mm, quality.jitter_out_mm]
        table.add_row(f"{level:g}", *("-" if n is None else f"{n:.4f}" for n in numbers), f"{spent * 1000:.2f}")
    stdout.print(table)
    independence = dict(zip(shape_set.channels, problem.independence, strict=True))
    alike = [name for name, share in independence.items() if share < LEAST_INDEPENDENT]
    weakest = sorted(independence, key=independence.__getitem__)[:3]
    stdout.print(f"least independent: {', '.join(f'{name} {independence[name]:.4f}' for name in weakest)}")
    if alike:
        stdout.print(f"cannot be told from others: {', '.join(alike)}")
