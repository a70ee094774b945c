"""One export: lower every stage for every job, record vectors, prove parity, publish the bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.card import model_card
from export.plan import MIXED, Job
from export.planner import JobPlan, Planner
from export.proving import LeftOut, Made, lines, prove
from export.sensitivity.budget import Budget
from export.sensitivity.table import sensitivity_table
from export.targets.base import Lowered, LoweringOptions
from export.vectors import record_vectors
from export.within_budget import within_budget
from sdk.bundle.manifest import Manifest, TargetRecord
from sdk.bundle.phones import Phones
from sdk.bundle.writer import BundleWriter
from sdk.errors import ParityError, TargetError
from sdk.models.registry import StagedModel
from sdk.parity.cases import ParityReport
from sdk.parity.tolerances import tolerance_for

Advance = Callable[[str], None]
"""Told before each step of the work, with a few words on it; called `steps` times."""


@dataclass(frozen=True)
class Export:
    """What an export made.

    Attributes:
        path: the bundle.
        manifest: as written.
        parity: what the gate measured, or None when it was skipped.
        left_out: optional jobs that could not be done, or not well enough.
    """

    path: Path
    manifest: Manifest
    parity: ParityReport | None
    left_out: tuple[LeftOut, ...] = ()


def steps(jobs: Sequence[Job], staged: StagedModel, planner: Planner) -> int:
    """Number of calls to `Advance`."""
    return sum(planner.steps(job) + len(staged.stages) for job in jobs) + 2


def export_bundle(
    staged: StagedModel,
    jobs: Sequence[Job],
    folder: Path,
    *,
    options: LoweringOptions,
    speech: NDArray[np.float32],
    phones: Phones | None = None,
    planner: Planner | None = None,
    parity: bool = True,
    advance: Advance = lambda _: None,
) -> Export:
    """Write the bundle of `staged` to `folder`.

    A file that lowers without complaint may still be wrong. So every artefact is loaded and run against the eager
    reference, each step alone and closed loop, before the bundle is put in place. An optional job that fails is left
    out.

    Args:
        staged: the model.
        jobs: targets and precisions.
        folder: of the bundle; an older bundle there is replaced.
        options: of the targets.
        speech: (N,) 16 kHz, for the test vectors.
        phones: of `speech`, None where they are not known.
        planner: plans the jobs; None makes one that calibrates on `speech`.
        parity: False leaves the gate out; the manifest then says that nothing was measured.
        advance: progress.

    Raises:
        ParityError: an artefact of a job that is not optional, or of every job, is past its tolerance; nothing is
            published.
        TargetError: a stage of such a job cannot be lowered.
        MissingDependencyError: a package that any job needs is not installed.
        UsageError: the folder cannot be written.
    """
    planner = planner or Planner(staged, speech, Budget(), options)
    with BundleWriter(folder, staged) as writer:
        advance("vectors")
        writer.write_vectors(record_vectors(staged, speech, phones))
        made: list[Made] = []
        left_out: tuple[LeftOut, ...] = ()
        for job in jobs:
            try:
                made.append(_make(writer, job, planner, options=options, parity=parity, advance=advance))
            except TargetError as error:
                if not job.may_fail_by(error):
                    raise
                writer.remove_target(job.target.name, job.precision)
                left_out += (LeftOut.of(job, str(error)),)
        if not made:
            raise ParityError(writer.folder, f"not written: {lines(left_out)[0]}", "ask for another precision")
        advance("parity")
        records, report = [each.record for each in made], None
        if parity:
            made = [replace(each, record=_demanding(each.record, planner.budget)) for each in made]
            _added(writer, [each.record for each in made])
            report, failed = prove(writer, made)
            left_out += failed
            gone = {(each.target, each.precision) for each in failed}
            kept = [each.record for each in made if (each.record.target, each.record.precision) not in gone]
            records = _added(writer, [_measured(record, report) for record in kept])
        writer.write_card(model_card(staged, records))
        return Export(folder, writer.finish(), report, left_out)


def _make(
    writer: BundleWriter,
    job: Job,
    planner: Planner,
    *,
    options: LoweringOptions,
    parity: bool,
    advance: Advance,
) -> Made:
    """Plan and lower one job, and enter it into the manifest."""
    plan = planner.plan(job, advance)
    made = Made(job, plan, _lower(writer, job, plan, options=options, advance=advance))
    writer.add_target(made.record)
    if plan.choice and parity:
        made = within_budget(
            writer, made, planner, lambda again: _lower(writer, job, again, options=options, advance=lambda _: None)
        )
    if made.plan.choice:
        sensitivity = writer.artefact(job.target.name, job.precision, "sensitivity", ".json")
        sensitivity.write_text(sensitivity_table(made.plan.choice, made.plan.rows, planner.budget), encoding="utf-8")
    return made


def _lower(
    writer: BundleWriter,
    job: Job,
    plan: JobPlan,
    *,
    options: LoweringOptions,
    advance: Advance,
) -> TargetRecord:
    target, artefacts, lowered = job.target, {}, []
    for stage in plan.staged.stages:
        advance(f"{target.name} {job.precision} {stage.name}")
        path = writer.artefact(target.name, job.precision, stage.name, target.suffix)
        lowered.append(target.lower(stage, plan.stages[stage.name], path, options))
        artefacts[stage.name] = writer.relative(path)
    return TargetRecord(
        target=target.name,
        precision=job.precision,
        artefacts=artefacts,
        tools=dict(target.versions()),
        minimum_os=dict(target.minimum_os(options)),
        rewrites=(*plan.rewrites, *_merged(lowered, "rewrites")),
        undelegated=_merged(lowered, "undelegated"),
        layers={name: dict(each.layers) for name, each in plan.stages.items() if each.layers},
        calibration=plan.calibration,
    )


def _merged(lowered: Sequence[Lowered], field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in lowered for name in getattr(each, field)))


def _added(writer: BundleWriter, records: list[TargetRecord]) -> list[TargetRecord]:
    """`records`, now in the manifest."""
    for record in records:
        writer.add_target(record)
    return records


def _demanding(record: TargetRecord, budget: Budget) -> TargetRecord:
    """The record with what the gate shall demand: the table's row, and of ``mixed`` the user's budget."""
    tolerance = tolerance_for(record.precision)
    if record.precision == MIXED:
        tolerance = tolerance.model_copy(update={"lip_error_mm": budget.lip_error_mm})
    return record.model_copy(update={"tolerance": tolerance})


def _measured(record: TargetRecord, report: ParityReport) -> TargetRecord:
    return record.model_copy(update={"measured": report.measured(record.target, record.precision)})
