"""``python -m sdk agree BUNDLE TRACE...``: do all runtimes that an app is made of say the same?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from sdk.cli.common import stdout

if TYPE_CHECKING:
    from sdk.bundle.trace import Trace


@dataclass(frozen=True)
class Agreement:
    """One trace beside the bundle's vectors and beside the other traces.

    Attributes:
        trace: file name, or path where several files have that name.
        target, precision, runtime: what the trace says of itself.
        frames: of the trace.
        of_range: largest error of the shown values against the vectors, over their range.
        same_as: first trace of the list whose outputs are equal to the bit; the trace's own name if it is the first.
    """

    trace: str
    target: str
    precision: str
    runtime: str
    frames: int
    of_range: float
    same_as: str


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("traces", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def agree(bundle: Path, traces: tuple[Path, ...], as_json: bool) -> int:
    """Compare traces of the vectors of BUNDLE, recorded in different languages or on different devices.

    Says how far each is from the vectors, and which are equal to the bit. Whether that is near enough is for
    `python -m sdk parity BUNDLE --device TRACE` to judge. Exits with 1 when a trace is not of the vectors' frames.
    """
    from rich.table import Table

    from sdk.bundle import Bundle
    from sdk.bundle.trace import Trace

    with Bundle.open(bundle) as opened:
        loaded = dict(zip(_names(traces), map(Trace.load, traces), strict=True))
        rows = compare(opened.vectors(), opened.pipeline.values, loaded)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        table = Table(title="Traces of one stream")
        for column in ("trace", "runtime", "precision", "frames", "error of range", "equal to the bit with"):
            table.add_column(column, overflow="fold")
        for row in rows:
            same = "" if row.same_as == row.trace else row.same_as
            error = f"{row.of_range:.1e}" if np.isfinite(row.of_range) else "other frames"
            table.add_row(row.trace, row.runtime or row.target, row.precision, str(row.frames), error, same)
        stdout.print(table)
    return 0 if all(np.isfinite(row.of_range) for row in rows) else 1


def _names(traces: Sequence[Path]) -> list[str]:
    """Of each trace its file's name, or its whole path where another file has that name too."""
    names = Counter(path.name for path in dict.fromkeys(traces))
    return [path.name if names[path.name] == 1 else str(path) for path in traces]


def compare(reference: Trace, values: str, traces: dict[str, Trace]) -> list[Agreement]:
    """Compare the output `values`, as ``stage.output``, of named traces; infinity where the frames, or the sizes of
    their values, are others.
    """
    from sdk.parity.metrics import measure

    rows: list[Agreement] = []
    for name, trace in traces.items():
        error, wanted, said = float("inf"), reference.outputs[values], trace.outputs.get(values)
        if np.array_equal(trace.index, reference.index) and said is not None and said.shape == wanted.shape:
            error = measure(values, wanted, said, 0.0, indices=reference.index.tolist()).max_abs_of_range
        same = next((other for other in traces if _equal(traces[other], trace)), name)
        target, precision, runtime = (trace.metadata.get(key, "") for key in ("target", "precision", "runtime"))
        rows.append(Agreement(name, target, precision, runtime, trace.frames, error, same))
    return rows


def _equal(one: Trace, other: Trace) -> bool:
    return one.outputs.keys() == other.outputs.keys() and all(
        np.array_equal(one.outputs[name], other.outputs[name], equal_nan=True) for name in one.outputs
    )
