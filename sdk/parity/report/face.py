"""A face's figures in words and as JSON: each under one name everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdk.bundle.manifest import Tolerance
from sdk.parity.face.figures import FaceFigures
from sdk.parity.face.sync import SURE
from sdk.parity.report.sounds import sounds_document
from sdk.parity.report.text import figure, signed

FigureRow = tuple[str, str, str, str]
"""Name, value with its unit, what is allowed, and what it means; all plain text."""


def face_rows(face: FaceFigures, bounds: Tolerance) -> Sequence[FigureRow]:
    """Every figure that there is."""
    lip = face.word
    where = "the lips" if lip == "lip" else "all vertices: nobody has named the lips of this mesh"
    squared = "mean over frames of the worst vertex, squared: what papers print"
    rows = [
        (f"{lip} error", _mm(face.lip_error_mm), _mm(bounds.lip_error_mm), f"RMS over frames and vertices, of {where}"),
        (face.worst_name, _mm(face.lip_vertex_error_mm), "", "mean over frames of the worst vertex"),
        (f"{face.worst_name}, squared", f"{_mm(face.lip_vertex_error_mm2)}²", "", squared),
        ("motion", _mm(face.motion_mm), "", f"RMS about their mean of {where}, in the reference"),
    ]
    if face.gain is not None:
        allowed = "" if bounds.gain_error is None else f"1 ± {bounds.gain_error:g}"
        rows.append(("gain", f"{face.gain:.4f}", allowed, "how many times as far as the reference they move"))
    if face.upper_error_mm is not None:
        rows.append(("upper-face error", _mm(face.upper_error_mm), "", "RMS over frames and vertices"))
    if face.dynamics_deviation_mm2 is not None:
        value = f"{_mm(face.dynamics_deviation_mm2)}²"
        rows.append(("upper-face dynamics deviation", value, "", "FDD; positive when the candidate moves too little"))
    return [*rows, *_closure_rows(face, bounds), *_time_rows(face, bounds), *_after_rows(face)]


def _closure_rows(face: FaceFigures, bounds: Tolerance) -> Sequence[FigureRow]:
    count, allowed = face.closures, bounds.closure_points
    if count is None:
        return []
    most, least = ("", "") if allowed is None else (f"{allowed:g} %", f"{100 - allowed:g} %")
    return [
        ("closures kept", f"{count.kept} of {count.reference}", least, "of the reference's lips, in time"),
        ("false closures", f"{count.false} of {count.candidate}", most, "that the reference does not have"),
    ]


def _time_rows(face: FaceFigures, bounds: Tolerance) -> Sequence[FigureRow]:
    rows = []
    if face.lag_ms is not None:
        allowed = "" if bounds.lag_ms is None else f"± {bounds.lag_ms:g} ms"
        rows.append(("lag", f"{signed(face.lag_ms)} ms", allowed, "positive is late"))
    if face.sync is not None:
        sync, allowed = face.sync, "" if bounds.sync_ms is None else f"± {bounds.sync_ms:g} ms of the reference"
        said = f"of the face, by the sync meter; the reference {signed(sync.reference_late_ms, 1)} ms"
        sure = f"how sure the sync meter is that they belong together; the reference {sync.reference_confidence:.2f}"
        rows.append(("late for the voice", f"{signed(sync.late_ms, 1)} ms", allowed if sync.known else "", said))
        rows.append(("fit to the voice", f"{sync.confidence:.2f}", f"{SURE:g} or more" if sync.known else "", sure))
    if face.jitter_mm is not None and face.reference_jitter_mm is not None:
        allowed = "" if bounds.jitter_mm is None else _mm(face.reference_jitter_mm + bounds.jitter_mm)
        said = (
            f"RMS second difference over {face.silent_frames} frames; the reference's {_mm(face.reference_jitter_mm)}"
        )
        rows.append(("jitter in silence", _mm(face.jitter_mm), allowed, said))
    return rows


def _after_rows(face: FaceFigures) -> Sequence[FigureRow]:
    after, rows = face.after, []
    if after is not None:
        said = f"over {after.frames} frames; the reference's {_mm(after.reference_motion_mm)}"
        rows.append(("motion after another choice", _mm(after.motion_mm), "", said))
        if after.gap_mm is not None and after.reference_gap_mm is not None:
            said = f"its mean; the reference's {after.reference_gap_mm:.2f} mm"
            rows.append(("lip gap after another choice", f"{after.gap_mm:.2f} mm", "", said))
            said = f"how often the lips close; the reference's {after.reference_closures} times"
            rows.append(("closures after another choice", str(after.closures), "", said))
    return rows


def _mm(value: float | None) -> str:
    return "" if value is None else f"{figure(value)} mm"


def face_document(face: FaceFigures) -> dict[str, Any]:
    """JSON-able form; what is not known is null."""
    count, after = face.closures, face.after
    return {
        "region": "lips" if face.word == "lip" else "all_vertices",
        "frames": face.frames,
        "motion_mm": face.motion_mm,
        "error_mm": face.lip_error_mm,
        "vertex_error_mm": face.lip_vertex_error_mm,
        "vertex_error_mm2": face.lip_vertex_error_mm2,
        "worst_frame": face.worst_frame,
        "gain": face.gain,
        "upper_error_mm": face.upper_error_mm,
        "dynamics_deviation_mm2": face.dynamics_deviation_mm2,
        "closures": count
        and {
            "reference": count.reference,
            "kept": count.kept,
            "candidate": count.candidate,
            "false": count.false,
        },
        "lag_ms": face.lag_ms,
        "sync": face.sync
        and {
            "late_ms": face.sync.late_ms,
            "reference_late_ms": face.sync.reference_late_ms,
            "confidence": face.sync.confidence,
            "reference_confidence": face.sync.reference_confidence,
        },
        "silent_frames": face.silent_frames,
        "jitter_mm": face.jitter_mm,
        "reference_jitter_mm": face.reference_jitter_mm,
        "after": after
        and {
            "frames": after.frames,
            "motion_mm": after.motion_mm,
            "reference_motion_mm": after.reference_motion_mm,
            "gap_mm": after.gap_mm,
            "reference_gap_mm": after.reference_gap_mm,
            "closures": after.closures,
            "reference_closures": after.reference_closures,
        },
        "per_frame_mm": list(face.per_frame_mm),
        "sounds": face.sounds and sounds_document(face.sounds),
    }
