"""``python -m sdk rest BUNDLE``: does the face rest when nobody speaks?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from sdk.cli.common import progress, stdout
from sdk.errors import UsageError

if TYPE_CHECKING:
    from sdk.parity.rest.check import RestCase, RestReport

WIDTH = 100
"""Columns at least: no number is cut on a narrow screen or in a pipe."""


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--target", default="eager", show_default=True, help="What runs it, e.g. executorch, onnx or coreml.")
@click.option("--precision", help="Precision of the target.  [default: its first]")
@click.option("--seconds", default=10.0, show_default=True, help="Of each sound, 1 to 3600.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Of the sounds.")
@click.option("--sound", "sounds", multiple=True, help="Only this sound; repeatable.  [default: all]")
@click.option("--strict", is_flag=True, help="Judge every sound, not only those that the contract demands.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rest(
    *,
    bundle: Path,
    target: str,
    precision: str | None,
    seconds: float,
    seed: int,
    sounds: tuple[str, ...],
    strict: bool,
    as_json: bool,
) -> int:
    """Stream silence, room tone, hum, breath and music through BUNDLE, after speech and from the start.

    Exits with 1 when the face does not come to rest in time, or does not stay there.
    """
    from sdk.bundle import Bundle
    from sdk.parity.rest.check import check_rest
    from sdk.parity.rest.contract import EVERYTHING, RestContract

    known = dict.fromkeys(name for _, name in EVERYTHING)
    for name in sounds:
        if name not in known:
            raise UsageError("--sound", f"{name!r} is unknown", f"give one of {', '.join(known)}")
    streams = [(after, name) for after, name in EVERYTHING if name in (sounds or known)]
    contract = RestContract(judged=EVERYTHING) if strict else RestContract()
    with Bundle.open(bundle) as opened, progress() as bar:
        task = bar.add_task("rest", total=len(streams))
        report = check_rest(
            opened,
            target,
            precision,
            contract=contract,
            seconds=seconds,
            seed=seed,
            streams=streams,
            on_case=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        click.echo(json.dumps(document(report), indent=2))
    else:
        show(report)
    return 0 if report.passed else 1


def document(report: RestReport) -> dict[str, object]:
    """The report as JSON: its fields, and what follows from them."""
    cases = [{**asdict(case), "passed": case.passed} for case in report.cases]
    return {**asdict(report), "cases": cases, "passed": report.passed}


def show(report: RestReport) -> None:
    """A table with a row a stream, and the bounds below it."""
    from rich.table import Table

    screen = stdout if stdout.is_terminal and stdout.width >= WIDTH else Console(width=WIDTH)
    table = Table(title=f"{report.model} at rest, {report.target} {report.precision}", box=None, pad_edge=False)
    for column in ("after", "sound", "dBFS"):
        table.add_column(column)
    for column in ("settle ms", "lips mm", "gap mm", "upper mm", "channel", "jitter mm"):
        table.add_column(column, justify="right")
    table.add_column("")
    for case in report.cases:
        table.add_row(*_cells(case))
    screen.print(table)
    bounds = report.contract
    click.echo(
        f"Bounds: after {bounds.settle_ms:g} ms lips and gap within {bounds.lip_mm:g} mm of rest, upper face "
        f"{bounds.upper_mm:g} mm, channels {bounds.channel:g}, jitter {bounds.jitter_mm:g} mm.\n"
        "Kept or BROKEN where they are demanded; within or beyond where they are not."
    )
    for case in report.cases:
        if not case.passed:
            for problem in case.problems:
                click.echo(f"BROKEN: {case.sound} after {case.after}: {problem.message}")


def _cells(case: RestCase) -> list[str]:
    figures = case.figures
    verdict = ("BROKEN" if case.problems else "kept") if case.judged else ("beyond" if case.problems else "within")
    return [
        case.after,
        case.sound,
        "" if case.level_dbfs is None else f"{case.level_dbfs:g}",
        "never" if figures.settle_ms is None else f"{figures.settle_ms:.0f}",
        f"{figures.lip_mm:.2f}",
        "-" if figures.gap_mm is None else f"{figures.gap_mm:.2f}",
        "-" if figures.upper_mm is None else f"{figures.upper_mm:.2f}",
        "-" if figures.channel_value is None else f"{figures.channel_value:.3f}",
        f"{figures.jitter_mm:.3f}",
        verdict,
    ]
