"""What a step of each stage costs on this machine: several executors take turns on the same sound.

On a machine that does other work beside, two measurements one after the other compare two loads. So all executors are
streamed at once, half a second of sound each in turn, and what disturbs one disturbs the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.runtime.executor import Executor
from sdk.runtime.session import Session
from sdk.runtime.timing import TimedExecutor
from sdk.spec import SAMPLE_RATE, PipelineSpec

WARM_UP_SECONDS = 1.0
"""Of sound before the measurement: first runs allocate and fill caches."""
TURN_SECONDS = 0.5


@dataclass(frozen=True)
class StageTime:
    """Time of one stage's steps on one executor.

    Attributes:
        executor: its place in what was measured.
        stage: name.
        steps: number measured.
        p10_ms, median_ms, p95_ms: milliseconds a step; the tenth percentile is the step that nothing disturbed.
        load: share of real time: seconds of work for a second of sound; 0 for a stage that runs once a session.
    """

    executor: int
    stage: str
    steps: int
    p10_ms: float
    median_ms: float
    p95_ms: float
    load: float


def time_stages(
    pipeline: PipelineSpec,
    executors: Sequence[Executor],
    parameters: Mapping[str, ArrayLike],
    pcm: NDArray[np.float32] | NDArray[np.int16],
    *,
    on_turn: Callable[[], None] = lambda: None,
) -> list[StageTime]:
    """Stream `pcm` through every executor in turns and time each stage.

    Args:
        pipeline: that all executors run.
        executors: to be measured.
        parameters: of the sessions.
        pcm: (N,) 16 kHz, longer than `WARM_UP_SECONDS`.
        on_turn: told after each turn, as often as `turns` says.
    """
    timed = [TimedExecutor(executor) for executor in executors]
    warm_up = int(WARM_UP_SECONDS * SAMPLE_RATE)
    before: list[dict[str, int]] = [{} for _ in timed]
    with ExitStack() as stack:
        sessions = [stack.enter_context(Session(pipeline, each, parameters)) for each in timed]
        for start in _starts(len(pcm)):
            for index, session in enumerate(sessions):
                if start == warm_up:
                    before[index] = {stage.name: len(timed[index].seconds(stage.name)) for stage in pipeline.stages}
                session.push(pcm[start : start + int(TURN_SECONDS * SAMPLE_RATE)])
                for _ in session.poll():
                    pass
                on_turn()
    seconds = (len(pcm) - warm_up) / SAMPLE_RATE
    times = []
    for index, each in enumerate(timed):
        for stage in pipeline.stages:
            once = stage.clock == "prepare"
            spent = each.seconds(stage.name)[0 if once else before[index][stage.name] :]
            p10, median, p95 = (1e3 * float(value) for value in np.percentile(spent, [10, 50, 95]))
            load = 0.0 if once else float(spent.sum()) / seconds
            times.append(StageTime(index, stage.name, len(spent), p10, median, p95, load))
    return times


def turns(samples: int, executors: int) -> int:
    """How many turns `time_stages` takes."""
    return len(_starts(samples)) * executors


def _starts(samples: int) -> range:
    return range(0, samples, int(TURN_SECONDS * SAMPLE_RATE))
