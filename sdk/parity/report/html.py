"""The report as one HTML file: no script, no font, no picture from elsewhere; light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sdk.parity.cases import Case, ParityReport
from sdk.parity.findings import Comparison, DigestError, step_text, unit_text
from sdk.parity.metrics import TensorError
from sdk.parity.report.chart import error_chart
from sdk.parity.report.style import STYLE
from sdk.parity.report.text import (
    MODES,
    choice_line,
    decibel,
    escape,
    figure,
    motion_line,
    state_error,
    totals,
    worst_tensor,
)

SUMMARY = ("target", "precision", "mode", "frames", "worst tensor", "max abs", "of range", "rms", "SNR dB", "ms/frame")
OUTPUT = (
    "output",
    "max abs",
    "of range",
    "rms",
    "rms of range",
    "SNR dB",
    "worst at",
    "first beyond",
    "farthest",
    "mean",
)
STATE = ("state", "compared", "error", "first beyond")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Content security policy of the page: it may load nothing, whatever a trace's text tries."""


def html(report: ParityReport) -> str:
    """The page."""
    name = escape(f"Parity of {report.bundle}")
    verdict = "pass" if report.passed else "fail"
    facts = f"model {report.model}, nowface {report.sdk}, checked on {report.machine}"
    sections = "\n".join(_section(case) for case in report.cases)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{name}</title>
<style>
{STYLE}</style>
</head>
<body>
<h1>{name}</h1>
<p><strong class="{verdict}">{"parity holds" if report.passed else "parity fails"}</strong>: {totals(report)}</p>
<p class="quiet">{escape(facts)}</p>
{_table((*SUMMARY, "verdict"), (_summary(case) for case in report.cases))}
{sections}
<p class="quiet">The range of an output is how far its most mobile element travels over the reference's stream.
The farthest vertex and the mean distance are Euclidean.</p>
</body>
</html>
"""


def _summary(case: Case) -> list[str]:
    worst, found = worst_tensor(case), case.comparison
    cells = [case.key.target, case.key.precision, MODES[case.key.mode], str(found.frames) if found else ""]
    if worst:
        most = f"{figure(worst.max_abs)} {unit_text(worst.unit)}"
        cells += [worst.name, most, figure(worst.max_abs_of_range), figure(worst.rms), decibel(worst)]
    cells += [""] * (len(SUMMARY) - 1 - len(cells))
    cells.append("" if case.frame_ms is None else f"{case.frame_ms:.2f}")
    link = f'<a href="#{_anchor(case)}" class="{_colour(case)}">{case.verdict}</a>'
    return [*(escape(cell) for cell in cells), link]


def _section(case: Case) -> str:
    title = escape(f"{case.key.target} {case.key.precision}, {MODES[case.key.mode]}")
    parts = [f'<h2 id="{_anchor(case)}">{title}: <span class="{_colour(case)}">{case.verdict}</span></h2>']
    if case.comparison is None:
        parts.append(f"<p>Not run here: {escape(case.not_run or '')}</p>")
    else:
        parts += _found(case.comparison)
    if case.key.mode == "device" and case.metadata:
        rows = ([escape(name), escape(value)] for name, value in sorted(case.metadata.items()))
        parts.append(_table(("the trace says", ""), rows))
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _found(found: Comparison) -> list[str]:
    items = "".join(f"<li>{escape(f'{p.where}: {p.message}')}</li>\n" for p in found.problems)
    parts = [f'<ul class="fail">\n{items}</ul>'] if items else []
    said = [*map(choice_line, found.choices), *map(motion_line, found.motion)]
    if said:
        parts.append("<ul>\n" + "".join(f"<li>{escape(line)}</li>\n" for line in said) + "</ul>")
    parts.append(error_chart(found))
    if found.outputs:
        parts.append(_table(OUTPUT, (_output(error) for error in found.outputs)))
    if found.states:
        inner = _table(STATE, (_state(state) for state in found.states))
        parts.append(f"<details><summary>{len(found.states)} state tensors</summary>\n{inner}\n</details>")
    return parts


def _output(error: TensorError) -> list[str]:
    unit, distance = unit_text(error.unit), error.distance
    cells = [
        error.name,
        f"{figure(error.max_abs)} {unit}",
        figure(error.max_abs_of_range),
        f"{figure(error.rms)} {unit}",
        figure(error.rms_of_range),
        decibel(error),
        f"{step_text(error.clock, error.worst_step)} {list(error.worst_element)}",
        "" if error.first_bad_step is None else step_text(error.clock, error.first_bad_step),
        *((f"{figure(d)} {unit}" for d in (distance.maximum, distance.mean)) if distance else ("", "")),
    ]
    return [escape(cell) for cell in cells]


def _state(state: TensorError | DigestError) -> list[str]:
    clock = "frame" if isinstance(state, DigestError) else state.clock
    compared = "digest, of its RMS" if isinstance(state, DigestError) else "values, of range"
    first = "" if state.first_bad_step is None else step_text(clock, state.first_bad_step)
    return [escape(cell) for cell in (state.name, compared, figure(state_error(state)), first)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table from plain headings and cells that are HTML already."""
    titles = "".join(f"<th>{title}</th>" for title in head)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _anchor(case: Case) -> str:
    return escape(case.key.id).replace(" ", "_")


def _colour(case: Case) -> str:
    return case.verdict.replace(" ", "-")
