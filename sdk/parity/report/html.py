"""The report as one HTML file: no script, no font, no picture from elsewhere; light and dark."""

from __future__ import annotations

from collections.abc import Sequence

from sdk.parity.cases import Case, ParityReport
from sdk.parity.findings import Comparison, DigestError, step_text, unit_text
from sdk.parity.metrics import TensorError
from sdk.parity.report.chart import error_chart
from sdk.parity.report.curves import face_charts
from sdk.parity.report.face import FigureRow, face_rows
from sdk.parity.report.overview import face_overview, size_and_speed
from sdk.parity.report.parts import anchor, colour, link, named, table
from sdk.parity.report.sounds import sounds_overview, sounds_section
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

FIGURES = ("max abs", "of range", "rms", "SNR dB")
SUMMARY = ("target", "precision", "mode", "frames", "worst tensor", *FIGURES)
OUTPUT = (
    "output",
    "max abs",
    "of range",
    "rms",
    "rms of range",
    "SNR dB",
    "cosine",
    "gain",
    "worst at",
    "first beyond",
)
FAR = ("farthest", "mean")
STATE = ("state", "compared", "error", "first beyond")
NUMBERS = ("frames", "rms of range", "cosine", "gain", "error", *FIGURES, *FAR)
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
<p class="verdict {verdict}"><strong>Parity {"holds" if report.passed else "fails"}</strong>: {totals(report)}</p>
{_failures(report)}
<p class="quiet">{escape(facts)}</p>
{face_overview(report)}
{sounds_overview(report)}
{size_and_speed(report)}
<h2>Tensors</h2>
{table(("verdict", *SUMMARY), (_summary(case) for case in report.cases), NUMBERS)}
{sections}
<p class="quiet">The range of an output is how far its most mobile element travels over the reference's stream.
The farthest vertex and the mean distance are Euclidean.</p>
</body>
</html>
"""


def _failures(report: ParityReport) -> str:
    """What keeps the gate shut, a line a case."""
    wrong = [case for case in report.cases if not case.acceptable]
    items = (f"<li>{link(case)} {' '.join(named(case))}: {escape(case.summary)}</li>" for case in wrong)
    return "<ul>\n" + "\n".join(items) + "\n</ul>" if wrong else ""


def _summary(case: Case) -> list[str]:
    worst, found = worst_tensor(case), case.comparison
    cells = [str(found.frames) if found else ""]
    if worst:
        most = f"{figure(worst.max_abs)} {unit_text(worst.unit)}"
        cells += [worst.name, most, figure(worst.max_abs_of_range), figure(worst.rms), decibel(worst)]
    cells += [""] * (len(SUMMARY) - 3 - len(cells))
    return [link(case), *named(case), *(escape(cell) for cell in cells)]


def _section(case: Case) -> str:
    title = escape(f"{case.key.target} {case.key.precision}, {MODES[case.key.mode]}")
    parts = [f'<h2 id="{anchor(case)}">{title}: <span class="{colour(case)}">{case.verdict}</span></h2>']
    if case.comparison is None:
        parts.append(f"<p>Not run here: {escape(case.not_run or '')}</p>")
    else:
        parts += _found(case.comparison)
    if case.key.mode == "device" and case.metadata:
        rows = ([escape(name), escape(value)] for name, value in sorted(case.metadata.items()))
        parts.append(table(("the trace says", ""), rows))
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _found(found: Comparison) -> list[str]:
    items = "".join(f"<li>{escape(f'{p.where}: {p.message}')}</li>\n" for p in found.problems)
    parts = [f'<ul class="fail">\n{items}</ul>'] if items else []
    said = [*map(choice_line, found.choices), *map(motion_line, found.motion)]
    if said:
        parts.append("<ul>\n" + "".join(f"<li>{escape(line)}</li>\n" for line in said) + "</ul>")
    if found.face:
        parts += [_face(face_rows(found.face, found.tolerance)), sounds_section(found.face)]
    elif found.no_face:
        parts.append(f"<p>No figures of the face: {escape(found.no_face)}.</p>")
    parts += [face_charts(found), error_chart(found)]
    if found.outputs:
        far = FAR if any(error.distance for error in found.outputs) else ()
        rows = ([*_output(error), *(_distance(error) if far else ())] for error in found.outputs)
        parts.append(table((*OUTPUT, *far), rows, NUMBERS))
    if found.states:
        inner = table(STATE, (_state(state) for state in found.states), NUMBERS)
        parts.append(f"<details><summary>{len(found.states)} state tensors</summary>\n{inner}\n</details>")
    return parts


def _face(figures: Sequence[FigureRow]) -> str:
    """Without the column of bounds where nothing is judged."""
    judged = any(allowed for _, _, allowed, _ in figures)
    head = ("on the face", "value", "allowed", "meaning")
    shown = [column for column in range(len(head)) if judged or head[column] != "allowed"]
    rows = ([escape(row[column]) for column in shown] for row in figures)
    return table([head[column] for column in shown], rows, ("value", "allowed"), prose=("meaning",))


def _output(error: TensorError) -> list[str]:
    unit = unit_text(error.unit)
    cells = [
        error.name,
        f"{figure(error.max_abs)} {unit}",
        figure(error.max_abs_of_range),
        f"{figure(error.rms)} {unit}",
        figure(error.rms_of_range),
        decibel(error),
        f"{error.cosine:.6f}",
        f"{error.gain:.4f}",
        f"{step_text(error.clock, error.worst_step)} {list(error.worst_element)}",
        "" if error.first_bad_step is None else step_text(error.clock, error.first_bad_step),
    ]
    return [escape(cell) for cell in cells]


def _distance(error: TensorError) -> list[str]:
    distance, unit = error.distance, escape(unit_text(error.unit))
    return [f"{figure(d)} {unit}" for d in (distance.maximum, distance.mean)] if distance else ["", ""]


def _state(state: TensorError | DigestError) -> list[str]:
    clock = "frame" if isinstance(state, DigestError) else state.clock
    compared = "digest, of its RMS" if isinstance(state, DigestError) else "values, of range"
    first = "" if state.first_bad_step is None else step_text(clock, state.first_bad_step)
    return [escape(cell) for cell in (state.name, compared, figure(state_error(state)), first)]
