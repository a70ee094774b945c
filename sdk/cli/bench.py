"""``python -m sdk bench BUNDLE``: what a step of each stage costs on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import FiniteRange, progress, stdout

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
        floor_ms: milliseconds in which one thread of this machine reads as many bytes. No step that reads all of its
            artefact takes less; one whose artefact holds tables that are read by row may. None where stages share a
            file.
        of_floor: the tenth percentile over that.
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
    floor_ms: float | None
    of_floor: float | None
    load: float


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--target", help="Only this target.  [default: all that run here]")
@click.option("--seconds", default=10.0, show_default=True, type=FiniteRange(0.5, 3600), help="Audio to stream.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(bundle: Path, target: str | None, seconds: float, as_json: bool) -> None:
    """Stream the bundle's own speech through all targets of BUNDLE in turns, on one thread, and time every step."""
    import torch

    from sdk.bundle import Bundle
    from sdk.errors import TargetError

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
        show(costs)


def measure(bundle: Bundle, executors: dict[tuple[str, str], Executor], seconds: float) -> list[StageCost]:
    """Stream `seconds` of the bundle's vectors, repeated, through (target, precision) -> executor."""
    from sdk.parity.replay import repeat_audio
    from sdk.runtime.bandwidth import read_seconds
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
        record = bundle.record(target, precision)
        size = bundle.manifest.artefact_bytes(record, time.stage)
        own = list(record.artefacts.values()).count(record.artefacts[time.stage]) == 1
        floor = 1e3 * read_seconds(size) if own else None
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
                floor,
                time.p10_ms / floor if floor else None,
                time.load,
            )
        )
    return costs


NUMBERS = ("MB", "p10 ms", "median", "p95", "of fp32", "floor", "x floor", "load")
WIDTH = 80
"""Characters that every number has room in; a narrower screen breaks the lines, and cuts none."""
LEGEND = """\
p10, median, p95: milliseconds of a step on one thread, percentiles.
of fp32: p10 as a share of the same target's in fp32.
floor: milliseconds in which one thread of this machine reads as many bytes as
  the stage's file has; x floor: p10 over it. Where a file holds tables of which
  a step reads some rows only, the step's own floor is lower.
load: share of real time."""


def show(costs: list[StageCost]) -> None:
    """A table a stage. Only the names of targets may be broken, so that no number is cut on a narrow screen."""
    from rich.console import Console
    from rich.table import Table

    screen = Console(width=max(WIDTH, stdout.width))
    for stage in dict.fromkeys(cost.stage for cost in costs):
        rows = [cost for cost in costs if cost.stage == stage]
        count = f"{rows[0].steps} steps" if rows[0].load else "once a session"
        table = Table(title=f"{stage}, {count}", title_justify="left", box=None, pad_edge=False)
        table.add_column("target", overflow="fold", min_width=6)
        for heading in NUMBERS:
            table.add_column(heading, justify="right", no_wrap=True)
        for cost in rows:
            table.add_row(f"{cost.target} {cost.precision}", *_cells(cost))
        screen.print(table)
        click.echo()
    click.echo(LEGEND)


def _cells(cost: StageCost) -> list[str]:
    return [
        f"{cost.bytes / 1e6:.2f}",
        f"{cost.p10_ms:.3f}",
        f"{cost.median_ms:.3f}",
        f"{cost.p95_ms:.3f}",
        "-" if cost.of_fp32 is None else f"{cost.of_fp32:.2f}",
        "-" if cost.floor_ms is None else f"{cost.floor_ms:.3f}",
        "-" if cost.of_floor is None or not cost.load else f"{cost.of_floor:.1f}",
        f"{cost.load:.1%}" if cost.load else "-",
    ]
