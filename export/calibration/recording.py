"""What goes into each stage while the model speaks: the steps that scales are fixed on and files are checked with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from export.calibration.sound import CalibrationSound
from export.vectors import chunk_plan, example_beside
from sdk.audio.clock import SampleClock
from sdk.models.registry import StagedModel
from sdk.parity.replay import play, record
from sdk.runtime import EagerExecutor
from sdk.runtime.executor import Array
from sdk.spec import SAMPLE_RATE, Clock

STEPS = 64
"""Recorded of each stage: enough for the extremes of each mouth shape, and 64 copies of a cache are still small."""
SHAPES = 8
"""Groups of mouth shapes, about as many as there are visemes a lip reader tells apart."""

Recording = Mapping[str, list[dict[str, Array]]]
"""Stage -> what went into it at the chosen steps, input and state name -> array, in the order of time."""


def record_steps(staged: StagedModel, sound: CalibrationSound, steps: int = STEPS) -> Recording:
    """Stream `sound` through the eager stages and keep what went into each at frames of every mouth shape.

    Stages on the hop clock are recorded at the last hop that a chosen frame could see, others at the frame itself, and
    those that run once at that.
    """
    beside = example_beside(staged, len(sound.pcm))
    chunks = chunk_plan(len(sound.pcm))
    executor = EagerExecutor(staged.stages)
    trace = record(staged.pipeline, executor, staged.parameters, sound.pcm, chunks, beside=beside)
    frames = balanced_frames(trace.outputs[staged.pipeline.values], steps)
    clock = SampleClock.of(staged.pipeline)
    hops = sorted({clock.due(int(frame)) // staged.pipeline.hop - 1 for frame in frames})
    wanted: dict[Clock, Collection[int]] = {"prepare": {0}, "hop": set(hops), "frame": set(frames.tolist())}
    recorder = _Recorder(staged, wanted)
    play(
        staged.pipeline,
        recorder,
        staged.parameters,
        sound.pcm,
        chunks,
        sample_rate=SAMPLE_RATE,
        on_frame=None,
        beside=beside,
    )
    return recorder.kept


def balanced_frames(values: Array, count: int) -> NDArray[np.int64]:
    """Indices of about `count` frames, as many of each mouth shape as there are, in order.

    Frames are grouped by how far they lie along the two directions in which the face moves most, so that frequent
    shapes, rest above all, do not crowd out rare ones.

    Args:
        values: (T, ...) of the pipeline.
        count: of frames.
    """
    flat = values.reshape(len(values), -1).astype(np.float64)
    centred = flat - flat.mean(0)
    # The left singular vectors through the small Gram matrix: a mesh has far more values than there are frames.
    _, directions = np.linalg.eigh(centred @ centred.T)
    group = np.zeros(len(values), np.int64)
    for direction in directions.T[::-1][:2]:
        edges = np.linspace(direction.min(), direction.max(), SHAPES // 2 + 1)[1:-1]
        group = group * SHAPES + np.digitize(direction, edges)
    groups = np.unique(group)
    share = -(-count // len(groups))
    chosen = [
        members[np.linspace(0, len(members) - 1, min(share, len(members))).astype(int)]
        for members in (np.flatnonzero(group == each) for each in groups)
    ]
    return np.unique(np.concatenate(chosen))


class _Recorder:
    """An executor that keeps what goes into some of the eager stages' steps."""

    target, precision = "eager", "fp32"

    def __init__(self, staged: StagedModel, wanted: Mapping[Clock, Collection[int]]) -> None:
        self.kept: dict[str, list[dict[str, Array]]] = {stage.name: [] for stage in staged.stages}
        self._executor = EagerExecutor(staged.stages)
        self._wanted = {stage.name: wanted[stage.clock] for stage in staged.stages}
        self._counts: Counter[str] = Counter()

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step of the eager stage."""
        if self._counts[stage] in self._wanted[stage]:
            self.kept[stage].append({name: np.array(array) for name, array in tensors.items()})
        self._counts[stage] += 1
        return self._executor.run(stage, tensors)

    def close(self) -> None:
        """Let go of the stages."""
        self._executor.close()
