"""The tables that stand before the cases: what each costs on the face, and what it saves."""

from __future__ import annotations

from sdk.parity.cases import Case, ParityReport
from sdk.parity.report.parts import link, named, table
from sdk.parity.report.text import escape, figure, signed

WHOLE = "fp32"
"""The precision that others are compared with."""


def face_overview(report: ParityReport) -> str:
    """A row for each case with figures of the face; a sentence where there is none."""
    shown = [case for case in report.cases if case.comparison and case.comparison.face]
    if not shown:
        reasons = dict.fromkeys(case.comparison.no_face for case in report.cases if case.comparison)
        said = "; ".join(reason for reason in reasons if reason)
        return f"<h2>On the face</h2>\n<p>No figures of the face: {escape(said)}.</p>" if said else ""
    first = next(case.comparison.face for case in shown if case.comparison and case.comparison.face)
    numbers = (
        "frames",
        f"{first.word} error, mm",
        f"{first.worst_name}, mm",
        "the same squared, mm²",
        "upper face, mm",
        "FDD, mm²",
        "gain",
        "closures kept",
        "false closures",
        "lag, ms",
        "jitter added, mm",
    )
    rows = [[link(case), *named(case), *_face_cells(case)] for case in shown]
    return f"<h2>On the face</h2>\n{table(('verdict', 'target', 'precision', 'mode', *numbers), rows, numbers)}"


def _face_cells(case: Case) -> list[str]:
    assert case.comparison is not None
    face, bounds = case.comparison.face, case.comparison.tolerance
    assert face is not None
    closures = face.closures
    missed = 100 * (1 - closures.hit_rate) if closures else None
    added = face.jitter_added_mm
    return [
        str(face.frames) if face.after is None else f"{face.frames} of {case.comparison.frames}",
        _judged(figure(face.lip_error_mm), face.lip_error_mm, bounds.lip_error_mm),
        figure(face.lip_vertex_error_mm),
        figure(face.lip_vertex_error_mm2),
        _known(face.upper_error_mm),
        _known(face.dynamics_deviation_mm2),
        _judged("-" if face.gain is None else f"{face.gain:.4f}", abs((face.gain or 1) - 1), bounds.gain_error),
        _judged(f"{closures.kept} of {closures.reference}", missed, bounds.closure_points) if closures else "-",
        _judged(str(closures.false), 100 * closures.false_rate, bounds.closure_points) if closures else "-",
        _judged("-" if face.lag_ms is None else signed(face.lag_ms), abs(face.lag_ms or 0), bounds.lag_ms),
        _judged("-" if added is None else signed(added, 3), added, bounds.jitter_mm),
    ]


def _known(value: float | None) -> str:
    return "-" if value is None else figure(value)


def _judged(text: str, value: float | None, bound: float | None) -> str:
    """A figure; in the colour of failure, and with its bound, where it is beyond it."""
    if value is None or bound is None or value <= bound:
        return escape(text)
    return f'<strong class="fail" title="allowed {bound:g}">{escape(text)}</strong>'


def size_and_speed(report: ParityReport) -> str:
    """A row for each target and precision: bytes of its artefacts, time of a frame, both beside the target's fp32."""
    times = {(c.key.target, c.key.precision): c.frame_ms for c in report.cases if c.key.mode == "closed_loop"}
    keys = [key for key in times if key in report.sizes]
    if not keys:
        return ""
    rows = []
    for target, precision in keys:
        size, time = report.sizes[target, precision], times[target, precision]
        whole_size, whole_time = report.sizes.get((target, WHOLE)), times.get((target, WHOLE))
        rows.append(
            [
                escape(target),
                escape(precision),
                f"{size / 1e6:.2f}",
                f"{size / whole_size:.2f}" if whole_size else "-",
                "-" if time is None else f"{time:.3f}",
                f"{whole_time / time:.2f}" if time and whole_time else "-",
            ]
        )
    numbers = ("MB", "of fp32's size", "ms a frame", "times fp32's speed")
    said = "Median time of a frame in the closed loop, on the machine above, beside whatever else it did."
    made = table(("target", "precision", *numbers), rows, numbers)
    return f'<h2>Size and speed</h2>\n{made}\n<p class="quiet">{said}</p>'
