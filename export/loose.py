"""Single stages as loose files: for engineers who ship their own runtime around one stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from export.exporter import Advance
from export.plan import Job
from export.targets.base import LoweringOptions
from sdk.bundle.paths import MANIFEST
from sdk.errors import ParityError, UsageError
from sdk.models.registry import StagedModel
from sdk.parity.tolerances import tolerance_for
from sdk.runtime import EagerExecutor
from sdk.runtime.executor import Array, ExecutorSource, open_executor
from sdk.spec import FrameRate, InputSpec, PipelineSpec, StageSpec, TensorSpec
from sdk.stage import Stage

CHECK_STEPS = 20


def export_components(
    staged: StagedModel,
    jobs: Sequence[Job],
    components: Sequence[str],
    folder: Path,
    *,
    options: LoweringOptions,
    advance: Advance,
) -> list[Path]:
    """Lower only `components`, to ``FOLDER/TARGET/PRECISION/STAGE.suffix``; no bundle, no manifest.

    Each file is loaded and run `CHECK_STEPS` steps on noise, state fed back, against its eager source.

    Raises:
        ParityError: a file does not compute what its stage does.
        UsageError: a bundle lies in `folder`, or it cannot be written.
    """
    if (folder / MANIFEST).exists():
        # The manifest holds the hash of every file beside it: one more file, or another one, would make it useless.
        raise UsageError(folder, "holds a bundle, which loose files would break", "give another --output-dir")
    paths = []
    for job in jobs:
        for stage in staged.stages:
            if stage.name not in components:
                continue
            advance(f"{job.target.name} {job.precision} {stage.name}")
            path = folder / job.target.name / job.precision / f"{stage.name}{job.target.suffix}"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(
                    folder, f"cannot be written ({error.strerror})", "give another --output-dir"
                ) from error
            job.target.lower(stage, job.plan(stage), path, options)
            _check(stage, job, path)
            paths.append(path)
    return paths


def _check(stage: Stage, job: Job, path: Path) -> None:
    source = ExecutorSource(job.target.name, job.precision, _alone(stage.spec), {stage.name: path})
    candidate, reference = open_executor(source), EagerExecutor([stage])
    allowed = tolerance_for(job.precision).max_abs_of_range
    rng = np.random.default_rng(0)
    ours, theirs = _start(stage.spec), _start(stage.spec)
    for step in range(CHECK_STEPS):
        inputs = {t.name: rng.normal(0, 0.1, t.shape).astype(np.float32) for t in stage.spec.inputs}
        wanted = reference.run(stage.name, {**inputs, **ours})
        got = candidate.run(stage.name, {**inputs, **theirs})
        for name, expected in wanted.items():
            error, scale = float(np.abs(got[name] - expected).max()), float(np.ptp(expected)) or 1.0
            if not error <= allowed * scale:
                problem = f"{name} is off by {error / scale:.1e} of its range at step {step}, allowed {allowed:.0e}"
                raise ParityError(path, problem, "report it with the versions of the tools")
        ours, theirs = ({t.name: run[t.name] for t in stage.spec.state} for run in (wanted, got))
    candidate.close()


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


def _start(spec: StageSpec) -> dict[str, Array]:
    return {t.name: np.zeros(t.shape, np.float32) for t in spec.state}
