"""``python -m sdk parity BUNDLE``: does each artefact compute what its model does?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from sdk.cli.common import progress, stdout
from sdk.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from sdk.parity.cases import CaseKey, ParityReport

PIPE_WIDTH = 160
"""Columns of the table where there is no terminal to ask."""


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--target", "targets", multiple=True, help="Only this target; repeatable.  [default: all]")
@click.option("--precision", help="Only this precision.  [default: all]")
@click.option("--device", type=click.Path(path_type=Path), help="Check a trace recorded on a device.")
@click.option("--frames", type=click.IntRange(1, 1_000_000), help="Closed-loop frames; the vectors' audio is repeated.")
@click.option("--report", "page", type=click.Path(path_type=Path), help="Write the report as one HTML file.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write the report as JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead of a table.")
def parity(
    *,
    bundle: Path,
    targets: tuple[str, ...],
    precision: str | None,
    device: Path | None,
    frames: int | None,
    page: Path | None,
    junit: Path | None,
    as_json: bool,
) -> int:
    """Replay the test vectors of the bundle in folder BUNDLE through its targets and compare with the eager reference.

    Exits with 1 when a target is past its tolerance, or was named and cannot run on this machine.
    """
    from sdk.bundle import Bundle
    from sdk.bundle.trace import Trace
    from sdk.parity.gate import check_bundle

    trace = Trace.load(device) if device else None
    with Bundle.open(bundle) as opened, progress() as bar:
        tasks: dict[str, TaskID] = {}

        def show(key: CaseKey, done: int, total: int) -> None:
            if key.id not in tasks:
                tasks[key.id] = bar.add_task(key.id, total=total)
            bar.update(tasks[key.id], completed=done, total=total)

        report = check_bundle(opened, targets or None, trace, frames, precision=precision, on_progress=show)
    _write(report, page, junit)
    _print(report, as_json=as_json)
    return 0 if report.passed else 1


def _write(report: ParityReport, page: Path | None, junit: Path | None) -> None:
    from sdk.parity.report import html as html_report
    from sdk.parity.report import junit as junit_report

    for path, render in ((page, html_report.html), (junit, junit_report.junit)):
        if path:
            try:
                path.write_text(render(report), encoding="utf-8")
            except OSError as error:
                raise UsageError(path, f"cannot be written ({error.strerror})", "name a file in a folder") from error


def _print(report: ParityReport, *, as_json: bool) -> None:
    from sdk.parity.report.document import dumps
    from sdk.parity.report.table import table

    if as_json:
        click.echo(dumps(report), nl=False)
    else:
        # A line of a table or a note is one line in a pipe, however long.
        console = stdout if stdout.is_terminal else Console(width=PIPE_WIDTH)
        console.print(table(report), crop=False)
