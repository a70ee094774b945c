"""The report as one table for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sdk.parity.cases import Case, ParityReport, Verdict
from sdk.parity.findings import step_text, unit_text
from sdk.parity.report.sounds import sounds_line
from sdk.parity.report.text import (
    MODES,
    choice_line,
    decibel,
    face_line,
    figure,
    motion_line,
    printable,
    totals,
    worst_tensor,
)

COLOURS: dict[Verdict, str] = {"pass": "green", "fail": "bold red", "not run": "yellow"}
PROBLEMS = 6
"""Most problems of a case that are shown under the table."""
COLUMNS = ("target", "precision", "mode", "frames", "worst tensor", "max abs", "of range", "rms", "SNR dB", "first bad")


def table(report: ParityReport) -> RenderableType:
    """One row per case with its worst output, then a line per problem and per case that was not run."""
    rows = Table(*COLUMNS, "verdict", title=Text(f"parity of {printable(report.bundle)}"), title_justify="left")
    for column in ("frames", "max abs", "of range", "rms", "SNR dB"):
        rows.columns[COLUMNS.index(column)].justify = "right"
    notes: list[Text] = []
    for case in report.cases:
        rows.add_row(*_cells(case), Text(case.verdict, COLOURS[case.verdict]))
        notes += _notes(case)
    verdict = Text("parity holds: " if report.passed else "parity FAILS: ", "green" if report.passed else "bold red")
    return Group(rows, *notes, verdict.append(totals(report)))


def _cells(case: Case) -> list[Text]:
    key, worst = case.key, worst_tensor(case)
    cells = [key.target, key.precision, MODES[key.mode]]
    cells.append(str(case.comparison.frames) if case.comparison else "")
    if worst:
        cells += [
            worst.name,
            f"{figure(worst.max_abs)} {unit_text(worst.unit)}".rstrip(),
            figure(worst.max_abs_of_range),
            figure(worst.rms),
            decibel(worst),
            "" if worst.first_bad_step is None else step_text(worst.clock, worst.first_bad_step),
        ]
    return [Text(printable(cell)) for cell in cells + [""] * (len(COLUMNS) - len(cells))]


def _notes(case: Case) -> list[Text]:
    name = f"{case.key.target} {case.key.precision} {MODES[case.key.mode]}"
    notes = []
    if case.comparison is None:
        notes.append(_note(f"{name}: not run here: {case.not_run}", COLOURS["not run"]))
    else:
        found = case.comparison
        notes += [_note(f"{name}: {choice_line(choice)}") for choice in found.choices]
        notes += [_note(f"{name}: {motion_line(motion)}") for motion in found.motion]
        line = face_line(found)
        notes += [_note(f"{name}: {line}")] if line else []
        if case.key.mode != "teacher_forced" and found.face is not None and found.face.sounds is not None:
            notes.append(_note(f"{name}: {sounds_line(found.face.sounds)}"))
        problems = found.problems
        notes += [_note(f"{name}: {p.where}: {p.message}", COLOURS["fail"]) for p in problems[:PROBLEMS]]
        if len(problems) > PROBLEMS:
            notes.append(_note(f"{name}: and {len(problems) - PROBLEMS} more: see --json or --report", COLOURS["fail"]))
    if case.key.mode == "device":
        said = ", ".join(f"{k} {v}" for k, v in sorted(case.metadata.items()))
        notes.append(_note(f"{name}: the trace says: {said or 'nothing of itself'}"))
    return notes


def _note(line: str, style: str = "") -> Text:
    return Text(printable(line), style, no_wrap=True, overflow="ignore")
