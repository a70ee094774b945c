"""A face's figures in words and as JSON: each under one name everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdk.parity.face.figures import FaceFigures
from sdk.parity.report.text import figure, signed

FigureRow = tuple[str, str, str]
"""Name, value with its unit, and what it means; all plain text."""


def face_rows(face: FaceFigures) -> Sequence[FigureRow]:
    """Every figure that there is."""
    lip = face.word
    where = "the lips" if lip == "lip" else "all vertices: nobody has named the lips of this mesh"
    rows = [
        (f"{lip} error", f"{figure(face.lip_error_mm)} mm", f"RMS over frames and vertices, of {where}"),
        (f"{lip} vertex error", f"{figure(face.lip_vertex_error_mm)} mm", "mean over frames of the worst vertex"),
        (
            f"{lip} vertex error, squared",
            f"{figure(face.lip_vertex_error_mm2)} mm²",
            "mean over frames of the worst vertex, squared: what papers print",
        ),
        ("motion", f"{figure(face.motion_mm)} mm", f"RMS about their mean of {where}, in the reference"),
    ]
    if face.gain is not None:
        rows.append(("gain", f"{face.gain:.4f}", "how many times as far as the reference they move"))
    if face.upper_error_mm is not None:
        rows.append(("upper-face error", f"{figure(face.upper_error_mm)} mm", "RMS over frames and vertices"))
    if face.dynamics_deviation_mm2 is not None:
        value = f"{figure(face.dynamics_deviation_mm2)} mm²"
        rows.append(("upper-face dynamics deviation", value, "FDD; positive when the candidate moves too little"))
    if face.closures is not None:
        count = face.closures
        rows.append(("closures kept", f"{count.kept} of {count.reference}", "of the reference's lips, in time"))
        rows.append(("false closures", f"{count.false} of {count.candidate}", "that the reference does not have"))
    if face.lag_ms is not None:
        rows.append(("lag", f"{signed(face.lag_ms)} ms", "positive is late"))
    if face.jitter_mm is not None and face.reference_jitter_mm is not None:
        value = f"{figure(face.jitter_mm)} mm"
        said = (
            f"second difference over {face.silent_frames} frames; the reference's {figure(face.reference_jitter_mm)} mm"
        )
        rows.append(("jitter in silence", value, said))
    if face.after is not None:
        after = face.after
        value = f"{figure(after.motion_mm)} mm"
        said = f"over {after.frames} frames; the reference's {figure(after.reference_motion_mm)} mm"
        rows.append(("motion after another choice", value, said))
        if after.gap_mm is not None and after.reference_gap_mm is not None:
            said = f"its mean; the reference's {after.reference_gap_mm:.2f} mm"
            rows.append(("lip gap after another choice", f"{after.gap_mm:.2f} mm", said))
    return rows


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
        },
        "per_frame_mm": list(face.per_frame_mm),
    }
