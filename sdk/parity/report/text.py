"""Numbers and cases as plain text."""

from __future__ import annotations

import html
import math

from sdk.parity.cases import Case, Mode, ParityReport
from sdk.parity.findings import ChoiceAgreement, Comparison, DigestError, MotionDeviation, step_text, unit_text
from sdk.parity.metrics import TensorError

MODES: dict[Mode, str] = {
    "teacher_forced": "teacher-forced",
    "closed_loop": "closed loop",
    "device": "device trace",
}


def figure(value: float) -> str:
    """Three significant digits: ``0``, ``1.23e-06``, ``inf``."""
    if value == 0:
        return "0"
    return f"{value:.3g}" if math.isinf(value) or 1e-3 <= abs(value) < 1e4 else f"{value:.2e}"


def printable(text: str) -> str:
    """The text with every character that does not print, line breaks too, replaced: a trace may say anything."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def escape(text: str) -> str:
    """Printable text for HTML."""
    return html.escape(printable(text))


def decibel(error: TensorError) -> str:
    """The SNR in dB; ``exact`` when there is no error at all."""
    if error.max_abs == 0:
        return "exact"
    return f"{error.snr_db:.1f}"


def worst_tensor(case: Case) -> TensorError | None:
    """The output with the largest error in units of its range; a state only where states alone are beyond tolerance."""
    if case.comparison is None:
        return None
    outputs = case.comparison.outputs
    states = [s for s in case.comparison.states if isinstance(s, TensorError) and s.first_bad_step is not None]
    only_states = states and all(error.first_bad_step is None for error in outputs)
    return max(states if only_states else outputs, key=lambda error: error.max_abs_of_range, default=None)


def totals(report: ParityReport) -> str:
    """``5 passed, 1 failed, 2 not run here``."""
    parts = [f"{report.count('pass')} passed", f"{report.count('fail')} failed"]
    missing = report.count("not run")
    return ", ".join(parts + ([f"{missing} not run here"] if missing else []))


def error_line(error: TensorError) -> str:
    """One tensor's numbers in a line."""
    parts = [
        f"{error.name}: max abs {figure(error.max_abs)} {unit_text(error.unit)}".rstrip(),
        f"{figure(error.max_abs_of_range)} of range",
        f"rms {figure(error.rms)}",
        f"SNR {decibel(error)}" + ("" if error.max_abs == 0 else " dB"),
        f"worst at {step_text(error.clock, error.worst_step)} {list(error.worst_element)}",
    ]
    if error.distance:
        mean, most = figure(error.distance.mean), figure(error.distance.maximum)
        parts.append(f"vertices off by {most} {unit_text(error.unit)}at most, {mean} on average")
    if error.first_bad_step is not None:
        parts.append(f"first beyond tolerance at {step_text(error.clock, error.first_bad_step)}")
    return ", ".join(parts)


def choice_line(choice: ChoiceAgreement) -> str:
    """One output's choices in a line."""
    said = f"{choice.name}: {choice.equal} of {choice.labels} labels agree ({choice.agreement:.2%})"
    return said if choice.first_bad_step is None else f"{said}, first other at step {choice.first_bad_step}"


def motion_line(motion: MotionDeviation) -> str:
    """How one output moves after other choices, in a line."""
    return f"{motion.name}: mean {motion.mean:.2f} deviations off, moves {motion.spread:.2f} times as far"


def face_line(comparison: Comparison) -> str:
    """What the error costs on the face, or why that cannot be said; empty when nobody asked."""
    face = comparison.face
    if face is None:
        return comparison.no_face and f"no figures of the face: {comparison.no_face}"
    parts = [
        f"face: {face.word} error {figure(face.lip_error_mm)} mm",
        f"{face.worst_name} {figure(face.lip_vertex_error_mm)} mm",
    ]
    if face.closures is not None:
        parts.append(f"{face.closures.kept} of {face.closures.reference} closures kept, {face.closures.false} false")
    if face.lag_ms is not None:
        parts.append(f"lag {signed(face.lag_ms)} ms")
    if face.sync is not None and face.sync.known:
        late, reference = (signed(value, 1) for value in (face.sync.late_ms, face.sync.reference_late_ms))
        parts.append(f"late for the voice {late} ms, the reference {reference}")
    if face.jitter_added_mm is not None and face.reference_jitter_mm is not None:
        added = signed(face.jitter_added_mm, 3)
        parts.append(f"jitter in silence {added} mm on {figure(face.reference_jitter_mm)}")
    return ", ".join(parts)


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign; ``0`` for what rounds to nothing."""
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}" if rounded else "0"


def state_error(state: TensorError | DigestError) -> float:
    """A state's error as a fraction: of its range, or for a digest of its RMS."""
    return state.max_relative if isinstance(state, DigestError) else state.max_abs_of_range


def describe(case: Case) -> str:
    """A case in full, for a terminal or a test's failure: verdict, what was wrong, then the numbers."""
    key = case.key
    lines = [f"{printable(key.target)} {printable(key.precision)}, {MODES[key.mode]}: {case.verdict.upper()}"]
    if case.comparison is None:
        return f"{lines[0]} HERE: {case.not_run}"
    lines += [f"  wrong: {problem.where}: {problem.message}" for problem in case.comparison.problems]
    lines += [f"  {error_line(error)}" for error in case.comparison.outputs]
    lines += [f"  {choice_line(choice)}" for choice in case.comparison.choices]
    lines += [f"  {motion_line(motion)}" for motion in case.comparison.motion]
    lines += [f"  {line}" for line in [face_line(case.comparison)] if line]
    worst = max(case.comparison.states, key=state_error, default=None)
    if worst is not None:
        lines.append(f"  {len(case.comparison.states)} state tensors, worst {worst.name}: {figure(state_error(worst))}")
    if key.mode == "device":
        lines += [f"  {printable(name)}: {printable(value)}" for name, value in sorted(case.metadata.items())]
    return "\n".join(lines)
