"""Holds the artefacts of `mixed` to the budget, by choosing anew where they err by more than was foretold.

The sweep measures layers whose rounding is simulated. A target's own grid of 16 values lies elsewhere, so that its
artefacts may move the lips further than the choice did when it was measured.
"""

from __future__ import annotations

from collections.abc import Callable

from export.plan import Job
from export.planner import JobPlan, Planner
from export.proving import Made
from sdk.bundle import Bundle
from sdk.bundle.manifest import TargetRecord
from sdk.bundle.writer import BundleWriter
from sdk.parity.gate import check_bundle

TRIES = 4
"""Each aims lower than the one before by as much as the artefacts were beyond the budget; the gate refuses the last
one if that is not enough."""


def within_budget(writer: BundleWriter, made: Made, planner: Planner, lower: Callable[[JobPlan], TargetRecord]) -> Made:
    """What is in the bundle at last; the gate judges it as any other.

    Args:
        writer: of a bundle with vectors.
        made: artefacts of a precision that keeps a budget.
        planner: that planned them.
        lower: writes the artefacts of a plan and gives their record.
    """
    job = made.job
    for _ in range(TRIES):
        error = _lip_error(writer, job)
        if error <= planner.budget.lip_error_mm or not made.plan.choice or not made.plan.choice.layers:
            break
        plan = planner.nearer(job, made.plan, error)
        writer.remove_target(job.target.name, job.precision)
        made = Made(job, plan, lower(plan))
        writer.add_target(made.record)
    return made


def _lip_error(writer: BundleWriter, job: Job) -> float:
    """RMS at the lips in mm, of each step alone or closed loop, the larger; 0 where the target does not run here."""
    with Bundle.open(writer.draft()) as draft:
        report = check_bundle(draft, targets=[job.target.name], precision=job.precision)
    faces = [case.comparison.face for case in report.cases if case.comparison]
    return max((face.lip_error_mm for face in faces if face), default=0.0)
