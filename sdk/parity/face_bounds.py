"""Whether a face's figures are within a tolerance's bounds."""

from __future__ import annotations

from sdk.bundle.manifest import Tolerance
from sdk.parity.face.figures import FaceFigures
from sdk.parity.face.sync import SURE, SyncFigures
from sdk.parity.findings import Problem


def face_problems(figures: FaceFigures, tolerance: Tolerance) -> list[Problem]:
    """What is beyond its bound, each named ``face.FIGURE``. A bound or a figure that is None judges nothing."""
    lips = "lips" if figures.word == "lip" else "face"
    wrong = [
        _above(f"{figures.word}_error", f"RMS error of the {lips}", "mm", figures.lip_error_mm, tolerance.lip_error_mm),
        _gain(figures, tolerance.gain_error),
        *_closures(figures, tolerance.closure_points),
    ]
    if figures.lag_ms is not None:
        side = "late" if figures.lag_ms > 0 else "early"
        wrong.append(_above("lag", f"it moves {side}: lag", "ms", abs(figures.lag_ms), tolerance.lag_ms))
    if figures.jitter_added_mm is not None:
        what = "it trembles in silence: second difference beyond the reference's"
        wrong.append(_above("jitter", what, "mm", figures.jitter_added_mm, tolerance.jitter_mm))
    return [problem for problem in [*wrong, _sync(figures.sync, tolerance.sync_ms)] if problem]


def _above(figure: str, what: str, unit: str, value: float, bound: float | None) -> Problem | None:
    if bound is None or value <= bound:
        return None
    return Problem("face", f"face.{figure}", f"{what} {value:.3g} {unit}; allowed {bound:g}")


def _gain(figures: FaceFigures, bound: float | None) -> Problem | None:
    if bound is None or figures.gain is None or abs(figures.gain - 1) <= bound:
        return None
    message = f"it moves {figures.gain:.4g} times as far as the reference; allowed {1 - bound:g} to {1 + bound:g}"
    return Problem("face", "face.gain", message)


def _sync(found: SyncFigures | None, bound: float | None) -> Problem | None:
    if bound is None or found is None or not found.known:
        return None
    if not found.fits:
        message = f"it no longer fits the voice: confidence {found.confidence:.2f}, the reference's "
        return Problem("face", "face.sync", f"{message}{found.reference_confidence:.2f}; allowed {SURE:g} or more")
    return _above("sync", "it fits the voice at another time: off by", "ms", abs(found.shift_ms), bound)


def _closures(figures: FaceFigures, bound: float | None) -> list[Problem]:
    found, problems = figures.closures, []
    if found is None or bound is None:
        return []
    if 100 * (1 - found.hit_rate) > bound:
        missed = f"{found.reference - found.kept} of the reference's {found.reference} lip closures are missed"
        problems.append(Problem("face", "face.closures", f"{missed}; allowed {bound:g} of 100"))
    if 100 * found.false_rate > bound:
        extra = f"{found.false} of {found.candidate} lip closures are not the reference's"
        problems.append(Problem("face", "face.false_closures", f"{extra}; allowed {bound:g} of 100"))
    return problems
