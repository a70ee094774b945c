"""The report as JSON; its schema is ``docs/parity.schema.json``."""

from __future__ import annotations

import json
import math
from typing import Any

from sdk.parity.cases import Case, ParityReport
from sdk.parity.findings import DigestError
from sdk.parity.metrics import TensorError
from sdk.parity.report.face import face_document
from sdk.parity.report.text import state_error

FORMAT_VERSION = 1


def document(report: ParityReport) -> dict[str, Any]:
    """JSON-able form. A number that is not finite is null; an exact tensor says so in ``exact``."""
    return {
        "format_version": FORMAT_VERSION,
        "bundle": report.bundle,
        "model": report.model,
        "sdk": report.sdk,
        "machine": report.machine,
        "passed": report.passed,
        "counts": {"pass": report.count("pass"), "fail": report.count("fail"), "not_run": report.count("not run")},
        "cases": [_case(case) for case in report.cases],
    }


def dumps(report: ParityReport) -> str:
    """The document as text, with a final newline."""
    return json.dumps(document(report), indent=1, allow_nan=False) + "\n"


def _case(case: Case) -> dict[str, Any]:
    found = case.comparison
    return {
        "target": case.key.target,
        "precision": case.key.precision,
        "mode": case.key.mode,
        "requested": case.key.requested,
        "verdict": case.verdict.replace(" ", "_"),
        "not_run": case.not_run,
        "frames": found.frames if found else None,
        "frame_ms": None if case.frame_ms is None else finite(case.frame_ms),
        "metadata": dict(case.metadata),
        "tolerance": found.tolerance.model_dump() if found else None,
        "outputs": [_output(error) for error in found.outputs] if found else [],
        "states": [_state(state) for state in found.states] if found else [],
        "choices": [
            {
                "name": choice.name,
                "labels": choice.labels,
                "equal": choice.equal,
                "agreement": choice.agreement,
                "first_bad_step": choice.first_bad_step,
            }
            for choice in (found.choices if found else ())
        ],
        "motion": [
            {"name": motion.name, "mean": finite(motion.mean), "spread": finite(motion.spread)}
            for motion in (found.motion if found else ())
        ],
        "face": face_document(found.face) if found and found.face else None,
        "no_face": found.no_face or None if found else None,
        "problems": [
            {"kind": p.kind, "where": p.where, "message": p.message, "step": p.step}
            for p in (found.problems if found else ())
        ],
    }


def _output(error: TensorError) -> dict[str, Any]:
    distance = error.distance
    return {
        "name": error.name,
        "unit": error.unit,
        "clock": error.clock,
        "steps": error.steps,
        "exact": error.max_abs == 0,
        "reference_range": finite(error.reference_range),
        "max_abs": finite(error.max_abs),
        "max_abs_of_range": finite(error.max_abs_of_range),
        "rms": finite(error.rms),
        "rms_of_range": finite(error.rms_of_range),
        "snr_db": finite(error.snr_db),
        "cosine": finite(error.cosine),
        "gain": finite(error.gain),
        "worst_step": error.worst_step,
        "worst_element": list(error.worst_element),
        "first_bad_step": error.first_bad_step,
        "nonfinite": error.nonfinite,
        "distance": distance
        and {
            "maximum": finite(distance.maximum),
            "mean": finite(distance.mean),
            "worst_step": distance.worst_step,
            "worst_vertex": distance.worst_vertex,
        },
        "per_step": [finite(value) for value in error.per_step],
    }


def _state(state: TensorError | DigestError) -> dict[str, Any]:
    digest = isinstance(state, DigestError)
    return {
        "name": state.name,
        "compared": "digest" if digest else "values",
        "error": finite(state_error(state)),
        "first_bad_step": state.first_bad_step,
    }


def finite(value: float) -> float | None:
    """The number, or None for what JSON cannot hold."""
    return value if math.isfinite(value) else None
