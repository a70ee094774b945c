"""Play a stream through an executor again: a whole session in closed loop.

That is what an app sees: the candidate's own states feed back, so errors may grow.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk import __version__
from sdk.audio.clock import SampleClock
from sdk.bundle.recorder import TraceRecorder
from sdk.bundle.trace import Trace
from sdk.parity.beside import NOTHING, Beside, Given
from sdk.runtime.executor import Executor
from sdk.runtime.session import Session
from sdk.spec import SAMPLE_RATE, PipelineSpec

if TYPE_CHECKING:
    from sdk.bundle import Bundle

Pcm = NDArray[np.float32] | NDArray[np.int16]
OnFrame = Callable[[int], None]
"""Told of each finished frame: how many there are so far."""


def closed_loop(
    bundle: Bundle,
    target: str,
    precision: str | None,
    pcm: Pcm,
    chunks: Sequence[int] | NDArray[np.int64],
    *,
    sample_rate: int = SAMPLE_RATE,
    beside: Beside = NOTHING,
    on_frame: OnFrame | None = None,
) -> Trace:
    """Record a whole session of a bundle's target on `pcm`, with the bundle's default parameters.

    Args:
        bundle: holds the target.
        target: e.g. ``onnx``.
        precision: None for the target's default.
        pcm: (N,) float32 in [-1, 1] or int16.
        chunks: length of each push; they sum to N.
        sample_rate: of `pcm`.
        beside: signals and seed.
        on_frame: told of each frame.

    Raises:
        TargetError: this machine cannot run the target.
        NumericalError: it gives non-finite values even from its start state.
    """
    executor = bundle.executor(target, precision)
    trace = record(
        bundle.pipeline,
        executor,
        bundle.parameters(),
        pcm,
        chunks,
        sample_rate=sample_rate,
        beside=beside,
        on_frame=on_frame,
    )
    return replace(trace, metadata={**trace.metadata, "model": bundle.manifest.model.name})


def record(
    pipeline: PipelineSpec,
    executor: Executor,
    parameters: Mapping[str, ArrayLike],
    pcm: Pcm,
    chunks: Sequence[int] | NDArray[np.int64],
    *,
    sample_rate: int = SAMPLE_RATE,
    beside: Beside = NOTHING,
    on_frame: OnFrame | None = None,
) -> Trace:
    """Record a whole session of an executor; see `closed_loop`.

    The trace's metadata says what ran, and in ``restarts`` how often the session had to begin anew from the start state
    because of a non-finite value.
    """
    recorder = TraceRecorder(pipeline, seed=beside.seed)
    session = play(
        pipeline,
        executor,
        parameters,
        pcm,
        chunks,
        sample_rate=sample_rate,
        beside=beside,
        on_frame=on_frame,
        observer=recorder,
    )
    metadata = {
        "target": executor.target,
        "precision": executor.precision,
        "sdk": __version__,
        "platform": sys.platform,
        "restarts": str(session.report.restarts),
    }
    return replace(recorder.trace, metadata=metadata)


def play(
    pipeline: PipelineSpec,
    executor: Executor,
    parameters: Mapping[str, ArrayLike],
    pcm: Pcm,
    chunks: Sequence[int] | NDArray[np.int64],
    *,
    sample_rate: int,
    on_frame: OnFrame | None,
    beside: Beside = NOTHING,
    **options: Any,
) -> Session:
    """Run a session from its first push to its last frame, polling after each push; gives it back, closed."""
    assert sum(int(chunk) for chunk in chunks) == len(pcm), "the chunks are not the samples"
    # The queue holds the longest push whole: a replay must never drop audio.
    longest = max((int(chunk) for chunk in chunks), default=0) / sample_rate
    options |= {"queue_seconds": longest + 2.0, "seed": beside.seed}
    with Session(pipeline, executor, parameters, **options) as session:
        waiting = deque(beside.in_order(SampleClock.of(pipeline)))
        _give(session, waiting, next_frame=0)
        at = done = 0
        for chunk in chunks:
            at += int(chunk)
            session.push(pcm[at - int(chunk) : at], sample_rate)
            done = _drain(session, done, waiting, on_frame)
        # The last frames come out of a flush, which takes no signals any more.
        _give(session, waiting, next_frame=None)
        session.flush()
        _drain(session, done, waiting, on_frame)
    return session


def _give(session: Session, waiting: deque[Given], next_frame: int | None) -> None:
    """Push what frame `next_frame` is the first to see, or all for None: frames must miss what was late."""
    while waiting and (next_frame is None or waiting[0].frame <= next_frame):
        given = waiting.popleft()
        session.push_signal(given.name, given.values, sample=given.sample)


def _drain(session: Session, done: int, waiting: deque[Given], on_frame: OnFrame | None) -> int:
    for frame in session.poll():
        done += 1
        if on_frame:
            on_frame(done)
        _give(session, waiting, frame.index + 1)
    return done


def repeat_audio(trace: Trace, frames: int, pipeline: PipelineSpec) -> tuple[Pcm, NDArray[np.int64]]:
    """The trace's audio and chunks, repeated and cut so that a session on them gives exactly `frames` frames.

    Returns:
        pcm (N,), whose length at 16 kHz is floor(frames * 16000 / frame rate), and chunks that sum to N.
    """
    assert len(trace.pcm) > 0, "a trace without audio cannot be repeated"
    length = int(frames * SAMPLE_RATE / pipeline.frame_rate.fraction) * trace.sample_rate // SAMPLE_RATE
    times = -(-length // len(trace.pcm))
    ends = np.minimum(np.cumsum(np.tile(trace.chunks, times)), length)
    chunks = np.diff(ends, prepend=0).astype(np.int64)
    return trace.pcm[np.arange(length) % len(trace.pcm)], chunks[chunks > 0]
