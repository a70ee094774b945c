"""What a session works out from a pipeline once: the stages by clock, the windows to keep, the start of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sdk.audio.clock import SampleClock
from sdk.runtime.executor import Array
from sdk.spec import PipelineSpec, StageSpec

PCM = "audio.pcm"
PHASE = "clock.phase"

States = Mapping[str, Mapping[str, Array]]
"""Stage -> state tensor -> value."""


@dataclass(frozen=True, eq=False)
class StreamState:
    """Where a stream stands between two steps. A value: steps make a new one and write into no array of the old.

    Attributes:
        states: state tensors of every stage on the hop and frame clocks.
        windows: source on the hop clock -> its newest rows, oldest first, as many as any frame stage wants; zeros
            before the stream's start.
        newest_hop: index of the newest hop that was run, -1 before the first.
        frame: index of the next frame.
    """

    states: States
    windows: Mapping[str, Array]
    newest_hop: int
    frame: int


@dataclass(frozen=True, eq=False)
class Plan:
    """A pipeline in the form that stepping needs.

    Attributes:
        pipeline: as given.
        clock: of its frame rate, hop and lookahead.
        prepare: stages run once a session, in order.
        hop: stages run every hop, in order.
        frame: stages run every frame, in order.
        window_shapes: source on the hop clock -> shape of the rows that frame stages look back on.
        noise: source -> shape of the noise of a frame, in the order that numbers them.
    """

    pipeline: PipelineSpec
    clock: SampleClock
    prepare: tuple[StageSpec, ...]
    hop: tuple[StageSpec, ...]
    frame: tuple[StageSpec, ...]
    window_shapes: Mapping[str, tuple[int, ...]]
    noise: Mapping[str, tuple[int, ...]]


def make_plan(pipeline: PipelineSpec) -> Plan:
    """Sort the stages by clock and find how far back each hop output is needed."""
    by_clock: dict[str, list[StageSpec]] = {"prepare": [], "hop": [], "frame": []}
    for stage in pipeline.stages:
        by_clock[stage.clock].append(stage)
    on_hop = {PCM} | {f"{stage.name}.{output.name}" for stage in by_clock["hop"] for output in stage.outputs}
    windows: dict[str, tuple[int, ...]] = {}
    for stage in by_clock["frame"]:
        for wanted in stage.inputs:
            if wanted.source in on_hop:
                windows[wanted.source] = max(windows.get(wanted.source, wanted.shape), wanted.shape)
    return Plan(
        pipeline=pipeline,
        clock=SampleClock.of(pipeline),
        prepare=tuple(by_clock["prepare"]),
        hop=tuple(by_clock["hop"]),
        frame=tuple(by_clock["frame"]),
        window_shapes=windows,
        noise=pipeline.noise,
    )


def start(plan: Plan, *, newest_hop: int = -1, frame: int = 0) -> StreamState:
    """The start of a stream: every state and window zero. A restart in mid-stream keeps the place it had reached."""
    return StreamState(
        states={
            stage.name: {tensor.name: np.zeros(tensor.shape, np.float32) for tensor in stage.state}
            for stage in (*plan.hop, *plan.frame)
        },
        windows={source: np.zeros(shape, np.float32) for source, shape in plan.window_shapes.items()},
        newest_hop=newest_hop,
        frame=frame,
    )
