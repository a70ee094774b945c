"""Play a stream under a teacher: each step alone, given the reference's inputs and state.

So an error shows in the very step and tensor that makes it, and does not grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sdk.audio.clock import SampleClock
from sdk.bundle.manifest import Tolerance
from sdk.bundle.phones import Phones
from sdk.parity.beside import NOTHING, Beside
from sdk.parity.choices import LABEL, choice_meters, choice_problems
from sdk.parity.comparison import is_vertices
from sdk.parity.face.face import NoFace
from sdk.parity.face.view import Sound, View
from sdk.parity.face_bounds import face_problems
from sdk.parity.findings import Comparison, Problem, ProblemKind, value_problems
from sdk.parity.metrics import ErrorMeter
from sdk.parity.replay import OnFrame, Pcm, play
from sdk.runtime.executor import Array, Executor
from sdk.spec import SAMPLE_RATE, PipelineSpec, StageSpec, TensorSpec

if TYPE_CHECKING:
    from sdk.bundle import Bundle


def teacher_forced(
    bundle: Bundle,
    target: str,
    precision: str | None,
    pcm: Pcm,
    chunks: Sequence[int] | NDArray[np.int64],
    *,
    tolerance: Tolerance,
    sample_rate: int = SAMPLE_RATE,
    beside: Beside = NOTHING,
    phones: Phones | None = None,
    on_frame: OnFrame | None = None,
) -> Comparison:
    """Compare every step of a bundle's target with the eager reference's, given the reference's inputs and state.

    Figures of the face are those of the frames one by one, each after the reference's own past; `phones` are those of
    `pcm`.

    Raises:
        TargetError: this machine cannot run the target or the eager reference.
    """
    view = View.by(bundle.manifest)
    reference, candidate = bundle.executor("eager"), bundle.executor(target, precision)
    teacher = TeacherForcedExecutor(bundle.pipeline, reference, candidate, watched=view.output)
    play(
        bundle.pipeline,
        teacher,
        bundle.parameters(),
        pcm,
        chunks,
        sample_rate=sample_rate,
        beside=beside,
        on_frame=on_frame,
    )
    found = teacher.comparison(tolerance)
    if not teacher.seen:
        return found
    expected, got = (np.stack(each) for each in zip(*teacher.seen, strict=True))
    clock = SampleClock.of(bundle.pipeline)
    due = np.array([clock.due(index) for index in range(len(expected))], np.int64)
    face = view.figures(expected, got, Sound(pcm, sample_rate, due, phones))
    if isinstance(face, NoFace):
        return replace(found, no_face=face.reason)
    return replace(found, face=face, problems=(*found.problems, *face_problems(face, tolerance)))


class TeacherForcedExecutor:
    """An executor that is the reference, and meters at each step what the candidate would have given.

    Args:
        pipeline: of both.
        reference: drives the session.
        candidate: sees the reference's inputs and state, always.
        watched: ``stage.output`` whose values are kept in `seen`.

    Attributes:
        seen: what reference and candidate gave of the output watched, a pair a step.
    """

    def __init__(
        self, pipeline: PipelineSpec, reference: Executor, candidate: Executor, *, watched: str | None = None
    ) -> None:
        self.target = candidate.target
        self.precision = candidate.precision
        self._reference = reference
        self._candidate = candidate
        self._steps: dict[str, int] = {}
        self._watched = tuple((watched or ".").split("."))
        self.seen: list[tuple[Array, Array]] = []
        self._clocks = {stage.name: stage.clock for stage in pipeline.stages}
        self._outputs = {s.name: [_meter(s, t) for t in s.outputs if t.unit != LABEL] for s in pipeline.stages}
        self._states = {s.name: [_meter(s, t) for t in s.state] for s in pipeline.stages}
        self._choices = {s.name: choice_meters(s) for s in pipeline.stages}

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step of both; gives the reference's results."""
        expected = self._reference.run(stage, tensors)
        got = self._candidate.run(stage, tensors)
        step = self._steps.get(stage, 0)
        self._steps[stage] = step + 1
        same = [meter.add(step, expected[name], got[name]) for name, meter in self._choices[stage].items()]
        for meter in (*self._outputs[stage], *self._states[stage]):
            tensor = meter.name.partition(".")[2]
            finite = np.isfinite(got[tensor])
            if all(same):
                meter.add(step, expected[tensor], got[tensor])
            elif not finite.all():
                # After another choice the rest of the step answers to that choice, and has nothing to be compared with;
                # but no choice gives a NaN.
                meter.add(step, expected[tensor], np.where(finite, expected[tensor], got[tensor]))
        if stage == self._watched[0]:
            name = self._watched[1]
            # A step of another choice stands where the reference's own would: it has nothing to be compared with.
            self.seen.append((expected[name].copy(), (got if all(same) else expected)[name].copy()))
        return expected

    def close(self) -> None:
        """Nothing to free: both executors belong to others."""

    def comparison(self, tolerance: Tolerance) -> Comparison:
        """What the steps so far have shown. Stages that never ran are a problem."""
        problems = [
            Problem("frames", stage, "the stream was too short to run this stage")
            for stage in self._clocks
            if stage not in self._steps
        ]
        results: dict[ProblemKind, list[Any]] = {"output": [], "state": []}
        groups: tuple[tuple[ProblemKind, Mapping[str, list[ErrorMeter]]], ...] = (
            ("output", self._outputs),
            ("state", self._states),
        )
        choices = [meter.result() for meters in self._choices.values() for meter in meters.values()]
        problems += choice_problems(choices, tolerance, closed_loop=False)
        for kind, by_stage in groups:
            for stage in self._steps:
                errors = [meter.result(tolerance.max_abs_of_range) for meter in by_stage[stage] if meter.steps]
                results[kind] += errors
                for error in errors:
                    problems += value_problems(error, tolerance, kind=kind)
        frames = max((n for stage, n in self._steps.items() if self._clocks[stage] == "frame"), default=0)
        outputs, states = tuple(results["output"]), tuple(results["state"])
        return Comparison(tolerance, frames, outputs, states, tuple(problems), tuple(choices))


def _meter(stage: StageSpec, tensor: TensorSpec) -> ErrorMeter:
    vertices = is_vertices(tensor.shape, tensor)
    return ErrorMeter(f"{stage.name}.{tensor.name}", tensor.unit, stage.clock, vertices=vertices)
