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
    from sdk.runtime.executor import Executor

WHOLE = "fp32"
"""The precision that the others of a target are compared with."""


@dataclass(frozen=True)
class StageCost:
    """Cost of one stage on one target.

    Attributes:
        target, precision, stage: what ran.
        bytes: of the stage's artefact.
        steps: number measured.
        p10_ms, median_ms, p95_ms: milliseconds a step.
        of_fp32: the tenth percentile, as a share of the same target's in fp32; None without one in the bundle.
        load: share of real time, single thread: seconds of work for a second of audio.
    """

    target: str
    precision: str
    stage: str
    bytes: int
    steps: int
    p10_ms: float
    median_ms: float
    p95_ms: float
    of_fp32: float | None
    load: float


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--target", help="Only this target.  [default: all that run here]")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.5, 3600), help="Audio to stream.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(bundle: Path, target: str | None, seconds: float, as_json: bool) -> None:
    """Stream the bundle's own speech through all targets of BUNDLE in turns, on one thread, and time every step."""
    import torch

    from sdk.bundle import Bundle
    from sdk.errors import TargetError, UsageError

    if math.isnan(seconds):  # the one number that passes a range
        raise UsageError("--seconds", "nan is not a length", "give seconds from 0.5 to 3600")
    torch.set_num_threads(1)
    with Bundle.open(bundle) as opened:
        pairs = [pair for pair in opened.targets() if target in (None, pair[0])]
        if not pairs:
            opened.record(target or "")
        loaded: dict[tuple[str, str], Executor] = {}
        for name, precision in pairs:
            try:
                loaded[name, precision] = opened.executor(name, precision)
            except TargetError as error:
                if target is not None:
                    raise
                click.echo(f"{name} {precision}: not run here: {error}", err=True)
        costs = measure(opened, loaded, seconds)
    if as_json:
        click.echo(json.dumps([asdict(cost) for cost in costs], indent=2))
    else:
        _print(costs)


def measure(bundle: Bundle, executors: dict[tuple[str, str], Executor], seconds: float) -> list[StageCost]:
    """Stream `seconds` of the bundle's vectors, repeated, through (target, precision) -> executor."""
    from sdk.parity.replay import repeat_audio
    from sdk.runtime.bench import WARM_UP_SECONDS, time_stages, turns

    rate = float(bundle.pipeline.frame_rate.fraction)
    pcm, _ = repeat_audio(bundle.vectors(), round((WARM_UP_SECONDS + seconds) * rate), bundle.pipeline)
    with progress() as bar:
        task = bar.add_task("bench", total=turns(len(pcm), len(executors)))
        times = time_stages(
            bundle.pipeline,
            list(executors.values()),
            bundle.parameters(),
            pcm,
            on_turn=lambda: bar.advance(task),
        )
    names = list(executors)
    whole = {(names[t.executor][0], t.stage): t.p10_ms for t in times if names[t.executor][1] == WHOLE}
    costs = []
    for time in times:
        target, precision = names[time.executor]
        base = whole.get((target, time.stage))
        size = bundle.manifest.artefact_bytes(bundle.record(target, precision), time.stage)
        costs.append(
            StageCost(
                target,
                precision,
                time.stage,
                size,
                time.steps,
                time.p10_ms,
                time.median_ms,
                time.p95_ms,
                time.p10_ms / base if base else None,
                time.load,
            )
        )
    return costs


def _print(costs: list[StageCost]) -> None:
    from rich.table import Table

    table = Table(title="Cost of a step, one thread: percentiles, share of fp32's tenth percentile and of real time")
    for heading in ("target", "stage", "MB", "steps", "p10 ms", "ms", "p95 ms", "of fp32", "real time"):
        table.add_column(heading, justify="left" if heading in ("target", "stage") else "right", no_wrap=True)
    for cost in costs:
        table.add_row(
            f"{cost.target} {cost.precision}",
            cost.stage,
            f"{cost.bytes / 1e6:.2f}",
            str(cost.steps),
            f"{cost.p10_ms:.3f}",
            f"{cost.median_ms:.3f}",
            f"{cost.p95_ms:.3f}",
            "-" if cost.of_fp32 is None else f"{cost.of_fp32:.2f}",
            f"{cost.load:.1%}",
        )
    stdout.print(table)
