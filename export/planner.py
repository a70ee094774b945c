"""How each stage of each job is lowered: from the table where it says, by measurement where a budget decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from export.calibration.recording import Recording, record_steps
from export.calibration.sound import EXCERPT_SECONDS, CalibrationSound, calibration_sound
from export.plan import MIXED, Job
from export.precision import PRECISIONS, StagePlan, plan_stage
from export.sensitivity import sweep
from export.sensitivity.budget import Budget
from export.sensitivity.choose import Choice, choose
from export.targets.base import LoweringOptions
from export.targets.rewrites import rewrite
from export.targets.rewrites.convolution import CONVOLUTION_TO_LINEAR
from sdk.models.registry import StagedModel
from sdk.spec import SAMPLE_RATE

EACH_KIND = int(3 * EXCERPT_SECONDS * SAMPLE_RATE)
"""Samples of a loud, a quiet and a noisy excerpt: layers are measured alone on these, what is chosen on everything."""
MARGIN = 0.95
"""Of an aim that is lowered: what was beyond the budget once should not just touch it."""
FIXED_BEFOREHAND = "int8-static"
"""The precision whose scales are fixed on recorded steps."""


@dataclass(frozen=True)
class JobPlan:
    """How one job is done.

    Attributes:
        staged: the model, its stages in the form that was planned.
        stages: name -> plan.
        rewrites: names of those that brought the stages into that form.
        choice: what the sweep chose; None where the table decides.
        rows: the sweep's figures, of each layer its options.
        calibration: SHA-256 of the sound that anything was fixed or chosen on; None when nothing was.
    """

    staged: StagedModel
    stages: Mapping[str, StagePlan]
    rewrites: tuple[str, ...] = ()
    choice: Choice | None = None
    rows: Sequence[Sequence[sweep.Option]] = ()
    calibration: str | None = None


class Planner:
    """Plans the jobs of one export; the calibration is made when the first job needs it, and once.

    Args:
        staged: the model.
        speech: (N,) 16 kHz, that calibration sounds are made of.
        budget: of ``mixed``.
        options: of the targets: a choice takes no form that they rule out.
    """

    def __init__(
        self,
        staged: StagedModel,
        speech: NDArray[np.float32],
        budget: Budget,
        options: LoweringOptions = LoweringOptions(),  # noqa: B008 - frozen
    ) -> None:
        self.budget, self._options = budget, options
        self._staged, self._speech = staged, speech

    @cached_property
    def sound(self) -> CalibrationSound:
        """Speech at several levels, in noise, and silence."""
        return calibration_sound(self._speech)

    @cached_property
    def recording(self) -> Recording:
        """What goes into the stages on `sound`."""
        return record_steps(self._staged, self.sound)

    @cached_property
    def _quantisable(self) -> tuple[StagedModel, tuple[str, ...]]:
        """The model with all its weights in layers, and the rewrites that changed it."""
        changed = [rewrite(stage, [CONVOLUTION_TO_LINEAR]) for stage in self._staged.stages]
        names = tuple(dict.fromkeys(name for _, applied in changed for name in applied))
        return replace(self._staged, stages=tuple(stage for stage, _ in changed)), names

    def plan(self, job: Job, advance: Callable[[str], None]) -> JobPlan:
        """Plan `job`, telling `advance` of each measurement.

        Raises:
            UsageError: ``mixed`` of a model whose values are no face.
        """
        if job.precision == MIXED:
            return self._mixed(job, advance)
        target, form = job.target, PRECISIONS[job.precision].form
        fixed = form == FIXED_BEFOREHAND
        staged, rewrites = self._quantisable if form else (self._staged, ())
        plans = {
            stage.name: plan_stage(
                stage,
                target.base(job.precision),
                form,
                target.forms,
                self.recording[stage.name] if fixed else (),
            )
            for stage in staged.stages
        }
        return JobPlan(staged, plans, rewrites, calibration=self.sound.sha256 if fixed else None)

    def nearer(self, job: Job, plan: JobPlan, lip_error_mm: float) -> JobPlan:
        """`plan` with another choice, whose artefacts should keep the budget where those of `plan` did not.

        Args:
            job: in ``mixed``.
            plan: of it.
            lip_error_mm: that its artefacts were measured to have, above the budget.
        """
        assert plan.choice, f"{job.precision} keeps no budget"
        aim = plan.choice.lip_error_mm * self.budget.lip_error_mm / lip_error_mm * MARGIN
        return self._chosen(job, plan, Budget(aim))

    def steps(self, job: Job) -> int:
        """How often `plan` will call `advance`."""
        if job.precision != MIXED:
            return 0
        return sweep.steps(self._quantisable[0], job.target.forms_on(self._options))

    def _mixed(self, job: Job, advance: Callable[[str], None]) -> JobPlan:
        staged, rewrites = self._quantisable
        rows = self._sweep(job, self.sound.pcm[:EACH_KIND]).options(advance)
        unchosen = JobPlan(staged, {}, rewrites, rows=rows, calibration=self.sound.sha256)
        return self._chosen(job, unchosen, self.budget)

    def _chosen(self, job: Job, plan: JobPlan, budget: Budget) -> JobPlan:
        """`plan` with what `choose` takes of its rows."""
        base = job.target.base(MIXED)
        choice = choose(plan.rows, budget, self._sweep(job, self.sound.pcm).error)
        stages = {stage.name: StagePlan(base, choice.layers.get(stage.name, {})) for stage in plan.staged.stages}
        return replace(plan, stages=stages, choice=choice)

    def _sweep(self, job: Job, pcm: NDArray[np.float32]) -> sweep.Sweep:
        target = job.target
        forms, base = target.forms_on(self._options), target.base(MIXED)
        return sweep.Sweep(self._quantisable[0], pcm, forms, base=base, arithmetic=target.arithmetic)
