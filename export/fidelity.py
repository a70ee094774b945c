"""Whether an artefact errs as its precision does, or more: the sharpest question that can be asked of a quantised file.

Bounds in millimetres say what a viewer may lose, and lie several times above what 8 bits cost, so that a fault that
costs less than the bound would pass: a scale that is 2 % off in one stage, a zero point that is off by one. But how
much a precision costs is known: the same layers, rounded in PyTorch, err by as much on the same steps. Right artefacts
come close to that; wrong ones err by twice as much, or by less, where a fault happens to undo what rounding does.

Each step stands alone, given the reference's inputs and state, so nothing grows, and no motion hides anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from export.plan import Job
from export.planner import JobPlan
from export.precision import Base, Form
from export.sensitivity.simulate import simulated
from export.targets.onnx_static import record_ranges
from sdk.bundle import Bundle
from sdk.parity.beside import Beside
from sdk.parity.cases import ParityReport
from sdk.parity.metrics import TensorError
from sdk.parity.replay import play
from sdk.parity.teacher import TeacherForcedExecutor
from sdk.parity.tolerances import tolerance_for
from sdk.runtime import EagerExecutor

MOST: Mapping[Form, float] = {"int8": 1.25, "int8-static": 1.15}
"""How many times the simulated error an artefact's may be, and the inverse of how small a part of it, both RMS over a
stream.

Right artefacts of the models that ship, and of weights in published sizes, are at 0.87 to 1.17 times in `int8` (on ONNX
Runtime, whose codes and scales are simulated to the number, at 0.98 to 1.04), and at 0.99 to 1.01 in `int8-static`;
those with a fault at 1.32 and 1.38 times and more. The coarser forms are left to the gate: where their grids lie
differs from target to target, and so do their errors."""
FLOOR: Mapping[Base, float] = {"fp32": 2e-4, "fp16": 3e-4}
"""Error that is none of the layers', as a fraction of the range: of tables in fewer bits and weights in 16, 7e-5 at
most in the models above, and of half precision where the rest is computed in it. It adds to theirs as a square."""


def expected_errors(bundle: Bundle, job: Job, plan: JobPlan) -> dict[str, float]:
    """What the rounding of the layers alone costs on the bundle's vectors: of each output its RMS, of its range.

    Empty where a layer has a form that `MOST` does not name, and where no layer has any.
    """
    forms = {form for stage in plan.stages.values() for form in stage.layers.values()}
    if not forms or forms - MOST.keys():
        return {}
    ranges = {
        stage.name: record_ranges(stage, static, plan.stages[stage.name].recording)
        for stage in plan.staged.stages
        if (static := [n for n, form in plan.stages[stage.name].layers.items() if form == "int8-static"])
    }
    layers = {name: each.layers for name, each in plan.stages.items()}
    vectors = bundle.vectors()
    with simulated(plan.staged.stages, layers, job.target.arithmetic, ranges=ranges):
        rounded = EagerExecutor(plan.staged.stages)
        teacher = TeacherForcedExecutor(bundle.pipeline, bundle.executor("eager"), rounded)
        play(
            bundle.pipeline,
            teacher,
            bundle.parameters(),
            vectors.pcm,
            vectors.chunks,
            sample_rate=vectors.sample_rate,
            beside=Beside.of(vectors),
            on_frame=None,
        )
    return {error.name: error.rms_of_range for error in teacher.comparison(tolerance_for(job.precision)).outputs}


def misfit(report: ParityReport, job: Job, plan: JobPlan, expected: Mapping[str, float]) -> str | None:
    """What does not err as its precision does, in a sentence; None when all does, or nothing is expected."""
    for error in _outputs(report, job):
        if error.name not in expected:
            continue
        floor = max(FLOOR[stage.base] for stage in plan.stages.values())
        most = max(MOST[form] for stage in plan.stages.values() for form in stage.layers.values())
        least = math.sqrt(max(0.0, (expected[error.name] / most) ** 2 - floor**2))
        allowed = math.hypot(most * expected[error.name], floor)
        if not least <= error.rms_of_range <= allowed:
            found = (
                f"RMS error {error.rms_of_range:.2e} of range where {job.precision} costs {expected[error.name]:.2e}"
            )
            bounds = f"allowed {least:.2e} to {allowed:.2e}"
            return f"{error.name}: {found}; {bounds}: a scale, a zero point or a weight is wrong"
    return None


def _outputs(report: ParityReport, job: Job) -> tuple[TensorError, ...]:
    """Errors of each step alone."""
    for case in report.cases:
        same = (case.key.target, case.key.precision) == (job.target.name, job.precision)
        if same and case.key.mode == "teacher_forced" and case.comparison:
            return case.comparison.outputs
    return ()
