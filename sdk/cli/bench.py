"""``python -m sdk bench BUNDLE``: what a step of each stage costs on this machine."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import progress, stdout

if TYPE_CHECKING:
    from sdk.bundle import Bundle

WARM_UP_SECONDS = 1.0
"""Of audio before the measurement: first runs allocate and fill caches."""


@dataclass(frozen=True)
class StageCost:
    """Cost of one stage on one target.

    Attributes:
        steps: number measured.
        median_ms, p95_ms: milliseconds a step.
        load: share of real time, single thread: seconds of work for a second of audio.
    """

    target: str
    precision: str
    stage: str
    steps: int
    median_ms: float
    p95_ms: float
    load: float


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--target", help="Only this target.  [default: all that run here]")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.5, 3600), help="Audio to stream.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(bundle: Path, target: str | None, seconds: float, as_json: bool) -> None:
    """Stream the bundle's own speech through each target of BUNDLE on one thread and time every step."""
    import torch

    from sdk.bundle import Bundle
    from sdk.errors import TargetError, UsageError

    if math.isnan(seconds):  # the one number that passes a range
        raise UsageError("--seconds", "nan is not a length", "give seconds from 0.5 to 3600")
    torch.set_num_threads(1)
    costs: list[StageCost] = []
    with Bundle.open(bundle) as opened, progress() as bar:
        pairs = [pair for pair in opened.targets() if target in (None, pair[0])]
        if not pairs:
            opened.record(target or "")
        task = bar.add_task("bench", total=len(pairs))
        for name, precision in pairs:
            bar.update(task, description=f"{name} {precision}")
            try:
                costs += measure(opened, name, precision, seconds)
            except TargetError as error:
                if target is not None:
                    raise
                click.echo(f"{name} {precision}: not run here: {error}", err=True)
            bar.advance(task)
    if as_json:
        click.echo(json.dumps([asdict(cost) for cost in costs], indent=2))
    else:
        _print(costs)


def measure(bundle: Bundle, target: str, precision: str, seconds: float) -> list[StageCost]:
    """Stream `seconds` of the bundle's vectors, repeated, and time each stage.

    Raises:
        TargetError: this machine cannot run the target.
    """
    import numpy as np

    from sdk.parity.replay import repeat_audio
    from sdk.runtime import Session
    from sdk.runtime.timing import TimedExecutor

    rate = float(bundle.pipeline.frame_rate.fraction)
    pcm, _ = repeat_audio(bundle.vectors(), round((WARM_UP_SECONDS + seconds) * rate), bundle.pipeline)
    timed = TimedExecutor(bundle.executor(target, precision))
    with Session(bundle.pipeline, timed, bundle.parameters(), queue_seconds=len(pcm) / 16_000 + 1) as session:
        session.push(pcm)
        for _ in session.poll():
            pass
    costs = []
    for stage in bundle.pipeline.stages:
        spent = timed.seconds(stage.name)
        if stage.clock != "prepare":
            spent = spent[round(len(spent) * WARM_UP_SECONDS / (WARM_UP_SECONDS + seconds)) :]
        load = 0.0 if stage.clock == "prepare" else float(spent.sum()) / seconds
        median, p95 = (1e3 * float(value) for value in np.percentile(spent, [50, 95]))
        costs.append(StageCost(target, precision, stage.name, len(spent), median, p95, load))
    return costs


def _print(costs: list[StageCost]) -> None:
    from rich.table import Table

    table = Table(title="Cost of a step, one thread: median and 95th percentile, share of real time")
    for heading in ("target", "stage", "steps", "ms", "p95 ms", "real time"):
        table.add_column(heading, justify="left" if heading in ("target", "stage") else "right", no_wrap=True)
    for cost in costs:
        figures = (str(cost.steps), f"{cost.median_ms:.3f}", f"{cost.p95_ms:.3f}", f"{cost.load:.1%}")
        table.add_row(f"{cost.target} {cost.precision}", cost.stage, *figures)
    stdout.print(table)
