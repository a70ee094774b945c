"""One step of a stream, as pure functions: what to do next, and the state after it.

The order of a stream's steps follows from the clock alone: a frame is computed when the newest hop it may use was run
and the last sample it may use has arrived, before any later hop is run. How the samples were cut on their way in
cannot change a result.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sdk.errors import NumericalError
from sdk.runtime.executor import Array, Executor
from sdk.runtime.noise import uniforms
from sdk.runtime.plan import PCM, PHASE, Plan, States, StreamState, start
from sdk.runtime.signals import Lines, seen
from sdk.spec import StageSpec, TensorSpec

Sources = Mapping[str, Array]
"""``STAGE.OUTPUT`` and the other sources of `sdk.spec` -> value."""


class Work(enum.Enum):
    """What a stream can do next."""

    RUN_HOP = enum.auto()
    RUN_FRAME = enum.auto()
    SKIP_FRAMES = enum.auto()
    WAIT = enum.auto()


@dataclass(frozen=True, eq=False)
class Machine:
    """What a session computes with and never changes.

    Attributes:
        plan: of the pipeline.
        executor: shared with other sessions.
        constants: the parameters and the outputs of the prepare stages.
        seed: of the noise, see `sdk.runtime.noise`.
    """

    plan: Plan
    executor: Executor
    constants: Sources
    seed: int | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """What a step gave.

    Attributes:
        state: of the stream after the step.
        outputs: of the stages it ran.
        restarted_for: the tensor, ``STAGE.TENSOR``, whose non-finite value made the step run again from the start
            state; empty when all was well.
    """

    state: StreamState
    outputs: Sources
    restarted_for: str = ""


def next_work(plan: Plan, state: StreamState, queue_start: int, queue_end: int) -> Work:
    """Decide the next step of a stream whose unread samples are ``[queue_start, queue_end)``.

    Frames whose newest hop was dropped from the queue are skipped; `queue_start` is a multiple of the hop.
    """
    wanted_hop = plan.clock.newest_hop(state.frame)
    if wanted_hop <= state.newest_hop:
        return Work.RUN_FRAME if newest_sample(plan, state.frame) <= queue_end else Work.WAIT
    if wanted_hop < queue_start // plan.clock.hop:
        return Work.SKIP_FRAMES
    return Work.RUN_HOP if queue_end - queue_start >= plan.clock.hop else Work.WAIT


def newest_sample(plan: Plan, frame: int) -> int:
    """End of what a frame may know: its due sample plus the lookahead."""
    return plan.clock.due(frame) + plan.clock.lookahead_samples


def first_frame_of_hop(plan: Plan, hop: int) -> int:
    """Index of the first frame whose newest hop is `hop` or a later one."""
    return plan.clock.frames_ready((hop + 1) * plan.clock.hop - 1)


def prepare(plan: Plan, executor: Executor, parameters: Mapping[str, Array], seed: int | None = None) -> Machine:
    """Run the prepare stages on a session's parameters.

    Raises:
        NumericalError: one of them gave a non-finite value.
    """
    parameters = {f"parameter.{name}": value for name, value in parameters.items()}
    made, _ = _run(executor, plan.prepare, parameters, {})
    if at_fault := _non_finite(made.items()):
        raise _broken(executor, at_fault, "while the session was prepared")
    return Machine(plan, executor, {**parameters, **made}, seed)


def run_hop(machine: Machine, state: StreamState, hop: int, pcm: Array) -> Step:
    """Run the hop stages on the samples (1, hop) of hop number `hop` and move the windows on."""
    plan = machine.plan
    made, states = _run(machine.executor, plan.hop, {**machine.constants, PCM: pcm}, state.states)
    rows = {PCM: pcm, **made}
    windows = {
        source: np.concatenate([window, rows[source]])[-len(window) :] for source, window in state.windows.items()
    }
    return Step(StreamState(states, windows, hop, state.frame), made)


def run_frame(machine: Machine, state: StreamState, lines: Lines) -> Step:
    """Run the frame stages for the next frame, which sees the signals in `lines`."""
    plan = machine.plan
    phase = np.full((1, 1), plan.clock.phase(state.frame), np.float32)
    signals = seen(plan.pipeline, lines, newest_sample(plan, state.frame))
    noise = {
        source: uniforms(machine.seed, number, state.frame, shape)
        for number, (source, shape) in enumerate(plan.noise.items())
    }
    sources = {**machine.constants, **state.windows, PHASE: phase, **signals, **noise}
    made, states = _run(machine.executor, plan.frame, sources, state.states)
    return Step(replace(state, states=states, frame=state.frame + 1), made)


def run_finite(machine: Machine, state: StreamState, run: Callable[[StreamState], Step], *, check_state: bool) -> Step:
    """Run a step; if it gives a non-finite value, run it again from the start state at the same place of the stream.

    Args:
        run: the step, `run_hop` or `run_frame` with all but the state bound.
        check_state: look at every state tensor and window as well as at the outputs.

    Raises:
        NumericalError: the second run gave a non-finite value too.
    """
    step = run(state)
    at_fault = _step_non_finite(step, check_state)
    if not at_fault:
        return step
    step = run(start(machine.plan, newest_hop=state.newest_hop, frame=state.frame))
    if again := _step_non_finite(step, check_state):
        raise _broken(machine.executor, again, f"at frame {state.frame}, also from the start state")
    return replace(step, restarted_for=at_fault)


def _run(
    executor: Executor, stages: Iterable[StageSpec], sources: Sources, states: States
) -> tuple[dict[str, Array], States]:
    """Run stages in order: the outputs they made, by source name, and all states after them."""
    made: dict[str, Array] = {}
    after = dict(states)
    for stage in stages:
        inputs = {t.name: _newest_rows(made.get(t.source, sources.get(t.source)), t) for t in stage.inputs}
        results = executor.run(stage.name, {**inputs, **after.get(stage.name, {})})
        made |= {f"{stage.name}.{t.name}": _checked(results, stage, t) for t in stage.outputs}
        if stage.clock != "prepare":
            after[stage.name] = {t.name: _checked(results, stage, t) for t in stage.state}
    return made, after


def _newest_rows(array: Array | None, wanted: TensorSpec) -> Array:
    """The source itself, or the newest rows of a window that was kept longer for another stage."""
    assert array is not None, f"no source for {wanted.name}"
    return array if array.shape == wanted.shape else array[-wanted.shape[0] :]


def _checked(results: Mapping[str, Array], stage: StageSpec, made: TensorSpec) -> Array:
    array = results[made.name]
    assert array.shape == made.shape, f"{stage.name}.{made.name}: {array.shape} is not {made.shape}"
    assert array.dtype == "float32", f"{stage.name}.{made.name}: {array.dtype}"
    return array


def _step_non_finite(step: Step, check_state: bool) -> str:
    at_fault = _non_finite(step.outputs.items())
    if at_fault or not check_state:
        return at_fault
    states = ((f"{stage}.{name}", a) for stage, tensors in step.state.states.items() for name, a in tensors.items())
    return _non_finite((*states, *step.state.windows.items()))


def _non_finite(named: Iterable[tuple[str, Array]]) -> str:
    """Name of the first array that holds a NaN or an infinity; empty if none does."""
    return next((name for name, array in named if not np.isfinite(array).all()), "")


def _broken(executor: Executor, tensor: str, when: str) -> NumericalError:
    return NumericalError(
        tensor,
        f"not finite on {executor.target} {executor.precision} {when}",
        "the artefact or its weights are broken: check the bundle with python -m sdk parity",
    )
