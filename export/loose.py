"""Single stages as loose files: for engineers who ship their own runtime around one stage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from export.exporter import Advance
from export.plan import Job
from export.planner import Planner
from export.precision import StagePlan
from export.proving import LeftOut
from export.targets.base import LoweringOptions
from sdk.bundle.paths import MANIFEST
from sdk.errors import ParityError, TargetError, UsageError
from sdk.parity.choices import LABEL
from sdk.parity.tolerances import tolerance_for
from sdk.runtime import EagerExecutor
from sdk.runtime.executor import Array, ExecutorSource, open_executor
from sdk.spec import FrameRate, InputSpec, PipelineSpec, StageSpec, TensorSpec
from sdk.stage import Stage


def export_components(
    jobs: Sequence[Job],
    components: Sequence[str],
    folder: Path,
    *,
    options: LoweringOptions,
    planner: Planner,
    parity: bool,
    advance: Advance,
) -> tuple[list[Path], tuple[LeftOut, ...]]:
    """Lower only `components`, to ``FOLDER/TARGET/PRECISION/STAGE.suffix``; no bundle, no manifest.

    Each file is loaded and run against its eager source on what went into the stage while the model spoke, unless
    `parity` is False. What fails of an optional job is left out, with all files of that job.

    Returns:
        the files, and the jobs that are left out.

    Raises:
        ParityError: a file does not compute what its stage does.
        TargetError: a stage cannot be lowered.
        UsageError: a bundle lies in `folder`, or it cannot be written.
    """
    if (folder / MANIFEST).exists():
        # The manifest holds the hash of every file beside it: one more file, or another one, would make it useless.
        raise UsageError(folder, "holds a bundle, which loose files would break", "give another --output-dir")
    paths: list[Path] = []
    left_out: tuple[LeftOut, ...] = ()
    for job in jobs:
        place = folder / job.target.name / job.precision
        made: list[Path] = []
        try:
            for stage, plan in _planned(job, components, planner, advance):
                advance(f"{job.target.name} {job.precision} {stage.name}")
                made.append(_writable(place) / f"{stage.name}{job.target.suffix}")
                job.target.lower(stage, plan, made[-1], options)
                if parity:
                    _check(stage, job, made[-1], planner.recording[stage.name])
        except (TargetError, ParityError) as error:
            if not job.may_fail_by(error):
                raise
            for path in made:
                _remove(path)
            left_out += (LeftOut.of(job, str(error)),)
        else:
            paths += made
    return paths, left_out


def _planned(
    job: Job, components: Sequence[str], planner: Planner, advance: Advance
) -> Iterator[tuple[Stage, StagePlan]]:
    plan = planner.plan(job, advance)
    return ((stage, plan.stages[stage.name]) for stage in plan.staged.stages if stage.name in components)


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(folder, f"cannot be written ({error.strerror})", "give another --output-dir") from error
    return folder


def _remove(artefact: Path) -> None:
    """Delete a file, or the folder that an artefact of some targets is."""
    if artefact.is_dir():
        shutil.rmtree(artefact)
    else:
        artefact.unlink(missing_ok=True)


def _check(stage: Stage, job: Job, path: Path, steps: Sequence[Mapping[str, Array]]) -> None:
    """Each recorded step alone, state included; a choice is right or wrong, all else near or far."""
    source = ExecutorSource(job.target.name, job.precision, _alone(stage.spec), {stage.name: path})
    candidate, reference = open_executor(source), EagerExecutor([stage])
    tolerance = tolerance_for(job.precision)
    pairs = [(reference.run(stage.name, step), candidate.run(stage.name, step)) for step in steps]
    candidate.close()
    labels = [tensor.name for tensor in stage.spec.outputs if tensor.unit == LABEL]
    for name in labels:
        agreement = float(np.mean([np.array_equal(wanted[name], got[name]) for wanted, got in pairs]))
        if agreement < tolerance.label_agreement:
            _refuse(path, f"{name} agrees in {agreement:.1%}, demanded {tolerance.label_agreement:.0%}")
    # What follows from another choice is another motion, not a wrong one.
    alike = [pair for pair in pairs if all(np.array_equal(pair[0][name], pair[1][name]) for name in labels)]
    for tensor in (*stage.spec.outputs, *stage.spec.state) if alike else ():
        wanted, got = (np.stack([pair[side][tensor.name] for pair in alike]) for side in (0, 1))
        error = float(np.abs(got - wanted).max()) / (float(np.ptp(wanted)) or 1.0)
        if not error <= tolerance.max_abs_of_range:
            _refuse(path, f"{tensor.name} is off by {error:.1e} of its range, allowed {tolerance.max_abs_of_range:.0e}")


def _refuse(path: Path, problem: str) -> NoReturn:
    raise ParityError(path, problem, "report it with the versions of the tools")


def _alone(spec: StageSpec) -> PipelineSpec:
    """A pipeline of one stage, with session parameters in the place of the stages that feed it."""
    inputs = tuple(InputSpec(**{**t.model_dump(), "source": f"parameter.{t.name}"}) for t in spec.inputs)
    return PipelineSpec(
        hop=1,
        frame_rate=FrameRate(num=1),
        parameters=tuple(TensorSpec(**t.model_dump(exclude={"source"})) for t in spec.inputs),
        stages=(spec.model_copy(update={"clock": "frame", "inputs": inputs}),),
        values=f"{spec.name}.{spec.outputs[0].name}",
    )
