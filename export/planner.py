"""How each stage of each job is lowered: from the table where it says, by measurement where a budget decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from export.calibration.recording import Recording, record_steps
from export.calibration.sound import CalibrationSound, calibration_sound
from export.plan import Job
from export.precision import PRECISIONS, StagePlan, plan_stage
from export.sensitivity import sweep
from export.sensitivity.budget import Budget
from export.sensitivity.choose import Choice, choose
from sdk.models.registry import StagedModel

MIXED = "mixed"
FIXED_BEFOREHAND = "int8-static"
"""The precision whose scales are fixed on recorded steps."""


@dataclass(frozen=True)
class JobPlan:
    """How one job is done.

    Attributes:
        stages: name -> plan.
        choice: what the sweep chose; None where the table decides.
        rows: the sweep's figures, of each layer its options.
        calibration: SHA-256 of the sound that anything was fixed or chosen on; None when nothing was.
    """

    stages: Mapping[str, StagePlan]
    choice: Choice | None = None
    rows: Sequence[Sequence[sweep.Option]] = ()
    calibration: str | None = None


class Planner:
    """Plans the jobs of one export; the calibration is made when the first job needs it, and once.

    Args:
        staged: the model.
        speech: (N,) 16 kHz, that calibration sounds are made of.
        budget: of ``mixed``.
    """

    def __init__(self, staged: StagedModel, speech: NDArray[np.float32], budget: Budget) -> None:
        self.budget = budget
        self._staged, self._speech = staged, speech

    @cached_property
    def sound(self) -> CalibrationSound:
        """Speech at several levels, in noise, and silence."""
        return calibration_sound(self._speech)

    @cached_property
    def recording(self) -> Recording:
        """What goes into the stages on `sound`."""
        return record_steps(self._staged, self.sound)

    def plan(self, job: Job, advance: Callable[[str], None]) -> JobPlan:
        """Plan `job`, telling `advance` of each measurement.

        Raises:
            UsageError: ``mixed`` of a model whose values are no face.
        """
        if job.precision == MIXED:
            return self._mixed(job, advance)
        target, form = job.target, PRECISIONS[job.precision].form
        fixed = form == FIXED_BEFOREHAND
        plans = {
            stage.name: plan_stage(
                stage,
                target.base(job.precision),
                form,
                target.forms,
                self.recording[stage.name] if fixed else (),
            )
            for stage in self._staged.stages
        }
        return JobPlan(plans, calibration=self.sound.sha256 if fixed else None)

    def steps(self, job: Job) -> int:
        """How often `plan` will call `advance`."""
        return sweep.steps(self._staged, job.target.forms) if job.precision == MIXED else 0

    def _mixed(self, job: Job, advance: Callable[[str], None]) -> JobPlan:
        base = job.target.base(MIXED)
        measured = sweep.Sweep(self._staged, self.sound.pcm, job.target.forms, integer_inputs=base == "fp32")
        rows = measured.options(advance)
        choice = choose(rows, self.budget, measured.error)
        plans = {stage.name: StagePlan(base, choice.layers.get(stage.name, {})) for stage in self._staged.stages}
        return JobPlan(plans, choice, rows, self.sound.sha256)
