"""The export's own gate: what fails stops the export, or is left out of it where nobody asked for it by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from export.fidelity import expected_errors, misfit
from export.plan import Job
from export.planner import JobPlan
from sdk.bundle import Bundle
from sdk.bundle.manifest import TargetRecord
from sdk.bundle.writer import BundleWriter
from sdk.errors import ParityError
from sdk.parity.cases import ParityReport
from sdk.parity.gate import check_bundle


@dataclass(frozen=True)
class Made:
    """One job's artefacts, written and not yet proved."""

    job: Job
    plan: JobPlan
    record: TargetRecord


@dataclass(frozen=True)
class LeftOut:
    """A target in a precision that the bundle does without, and why."""

    target: str
    precision: str
    reason: str

    @classmethod
    def of(cls, job: Job, reason: str) -> LeftOut:
        """Of a job."""
        return cls(job.target.name, job.precision, reason)


def prove(writer: BundleWriter, made: Sequence[Made]) -> tuple[ParityReport, tuple[LeftOut, ...]]:
    """Replay the vectors through all that was made, and take what fails and may be missing out of the bundle.

    Returns:
        the report on what stays, all of it passed; and what does not stay.

    Raises:
        ParityError: what was asked for by name fails or cannot be run here, or nothing would stay.
    """
    names = list(dict.fromkeys(each.job.target.name for each in made))
    with Bundle.open(writer.draft()) as bundle:
        report = check_bundle(bundle, targets=names)
        wrong = [(each, problem) for each in made if (problem := _problem(bundle, report, each))]
    needed = [(each, problem) for each, problem in wrong if not each.job.optional]
    if needed or len(wrong) == len(made):
        each, problem = (needed or wrong)[0]
        worst = f"{each.job.target.name} {each.job.precision} {problem}"
        mend = "see `python -m sdk parity`, or --skip-parity to look"
        raise ParityError(writer.folder, f"not written: {worst}", mend)
    for each, _ in wrong:
        writer.remove_target(each.job.target.name, each.job.precision)
    gone = {(each.job.target.name, each.job.precision) for each, _ in wrong}
    kept = tuple(case for case in report.cases if (case.key.target, case.key.precision) not in gone)
    return replace(report, cases=kept), tuple(LeftOut.of(each.job, problem) for each, problem in wrong)


def _problem(bundle: Bundle, report: ParityReport, made: Made) -> str | None:
    """What keeps one job out, with the mode it shows in; None when nothing does."""
    job = made.job
    for case in report.cases:
        if (case.key.target, case.key.precision) == (job.target.name, job.precision) and not case.acceptable:
            return f"{case.key.mode}: {case.summary}"
    found = misfit(report, job, made.plan, expected_errors(bundle, job, made.plan))
    return found and f"teacher_forced: {found}"


def lines(left_out: Iterable[LeftOut]) -> list[str]:
    """For people: a line each."""
    return [f"left out: {each.target} {each.precision}: {each.reason}" for each in left_out]
