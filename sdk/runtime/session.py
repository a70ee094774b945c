"""A session: one stream of speech through one face."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import SessionError, UsageError
from sdk.runtime import stepping
from sdk.runtime.events import EVENTS_KEPT, Event, EventKind, Report
from sdk.runtime.executor import Executor
from sdk.runtime.frame import Frame
from sdk.runtime.intake import check_pcm, check_rate, clean
from sdk.runtime.observer import Observer
from sdk.runtime.parameters import check_parameters
from sdk.runtime.plan import StreamState, make_plan, start
from sdk.runtime.queue import HopQueue
from sdk.runtime.snapshot import Snapshot
from sdk.runtime.stepping import Step, Work
from sdk.spec import SAMPLE_RATE, PipelineSpec


class Session:
    """Streams speech through a model: `push` samples in, `poll` animation frames out.

    ::

        with Session(pipeline, executor, parameters) as session:
            session.push(samples)
            for frame in session.poll():
                show(frame.values)

    Result. Frame t is computed from the samples before ``due_sample + lookahead_samples`` and from nothing else. The
    frames are the same to the bit however the samples are cut into pushes and wherever polls fall between them, so long
    as no audio is dropped. Sessions on one executor do not disturb each other.

    Samples. Mono, float32 in [-1, 1] or int16 (divided by 32768), any number a push, none included. Silence, also
    digital silence, is sound like any other: frames keep coming. NaN and infinities become 0, and float samples beyond
    [-1, 1] are clipped to it; both are counted and reported.

    Sample rate. Given with the first push and fixed until `reset`; 16 kHz if never given. Other rates are resampled by
    a causal filter, whose delay `delay_ms` includes. All indices count samples at 16 kHz from the stream's start.

    Overload. At most `queue_seconds` of samples wait for `poll`. When more are pushed the oldest whole hops are
    dropped: the clock moves on, frames whose newest hop was dropped are skipped (`Frame.index` jumps), an event tells.
    The state is kept, so the face goes on from where it was, as if the audio had been cut and joined there.

    Broken numbers. If a stage gives a non-finite output, or a state is found non-finite (looked at every
    `health_interval` frames), all states and windows are set to their start and the step is run again; an event tells.
    If the second run is not finite either, NumericalError is raised.

    Errors. A call that raises changes nothing: a refused push takes nothing in, a poll that failed tries the same step
    when called again, and `reset` or `restore` give a working stream. After `close` every call raises SessionError.

    Threads. Not thread-safe: drive one session from one thread at a time. The session starts no threads.

    Cost. A push costs a copy and, at other rates than 16 kHz, the resampling; it runs no model. All model work is done
    while frames are taken from `poll`, one step at a time. A frame costs the same time and memory however long the
    stream has been. What is held: the model's state, the samples that wait, and the newest 256 events.

    Args:
        pipeline: the stages and their clocks.
        executor: runs them; shared, and not closed by the session.
        parameters: every parameter the pipeline names, e.g. the template; copied. The prepare stages run here, once.
        queue_seconds: most audio that may wait, at least one hop.
        health_interval: frames between two looks at the state.
        observer: told of every push and frame.

    Raises:
        UsageError: a parameter is missing, unknown, of another shape or not finite, or an option is out of range.
        NumericalError: a prepare stage gave a non-finite value.
    """

    def __init__(
        self,
        pipeline: PipelineSpec,
        executor: Executor,
        parameters: Mapping[str, ArrayLike],
        *,
        queue_seconds: float = 600.0,
        health_interval: int = 30,
        observer: Observer | None = None,
    ) -> None:
        if not (math.isfinite(queue_seconds) and queue_seconds * SAMPLE_RATE >= pipeline.hop):
            raise UsageError("queue_seconds", f"{queue_seconds} s does not hold a hop", "use a second or more")
        if health_interval < 1:
            raise UsageError("health_interval", f"{health_interval} is below 1", "use a number of frames")
        plan = make_plan(pipeline)
        self._machine = stepping.prepare(plan, executor, check_parameters(pipeline, parameters))
        self._queue_limit = int(queue_seconds * SAMPLE_RATE)
        self._health_interval = health_interval
        self._observer = observer
        self._queue = HopQueue(pipeline.hop)
        self._closed = False
        self._start_stream()

    def _start_stream(self) -> None:
        self._stream = start(self._machine.plan)
        self._queue.clear()
        self._sample_rate: int | None = None
        self._flushed = False
        self._report = Report()
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._seconds = 0.0

    # ---- what the app may ask -----------------------------------------------------------------------------------

    @property
    def pipeline(self) -> PipelineSpec:
        """The stages and clocks the session runs."""
        return self._machine.plan.pipeline

    @property
    def report(self) -> Report:
        """Sums over the stream since its start."""
        return self._report

    @property
    def events(self) -> tuple[Event, ...]:
        """What the session put right by itself, oldest first: the newest 256 since the start, reset or restore."""
        return tuple(self._events)

    @property
    def delay_ms(self) -> float:
        """How much later than its due time a frame can come out, computing time apart: the lookahead."""
        return self.pipeline.lookahead_samples * 1000 / SAMPLE_RATE

    @property
    def next_sample(self) -> int:
        """Absolute index at 16 kHz of the first sample not read yet; no audio before it is needed again."""
        return self._queue.start

    # ---- the verbs ------------------------------------------------------------------------------------------------

    def push(self, pcm: NDArray[Any], sample_rate: int | None = None) -> None:
        """Take samples in. They are copied; no model runs.

        Args:
            pcm: (N,) float32 in [-1, 1] or int16, N >= 0.
            sample_rate: in Hz; given once a stream, and may be repeated.

        Raises:
            AudioError: `pcm` has another type or shape, or the rate is impossible.
            SessionError: the session is closed or the stream flushed, or the rate is not the stream's.
        """
        self._check_open()
        if self._flushed:
            raise SessionError("push", "the stream was flushed", "call reset() to begin a new one")
        pcm = check_pcm(pcm)
        rate = check_rate(sample_rate, self._sample_rate)
        if self._observer:
            self._observer.on_push(pcm, rate)
        self._sample_rate = rate
        at = self._queue.end
        non_finite = clipped = 0
        # A second at a time, so that a push of any length needs no further copy of itself.
        for first in range(0, len(pcm), rate):
            cleaned = clean(pcm[first : first + rate])
            non_finite += cleaned.non_finite
            clipped += cleaned.clipped
            self._queue.append(cleaned.samples)
        self._count(samples=self._queue.end - at, non_finite_samples=non_finite, clipped_samples=clipped)
        if non_finite:
            self._tell("non_finite_audio", at, non_finite, f"{non_finite} NaN or infinite samples became 0")
        if clipped:
            self._tell("clipped_audio", at, clipped, f"{clipped} samples beyond [-1, 1] were clipped")
        self._drop_excess()

    def poll(self) -> Iterator[Frame]:
        """The frames that can be computed from the samples so far, in order.

        The model runs as the iterator is advanced. Leaving it half-way loses nothing: a later poll goes on with the
        next frame. Pushing while iterating is allowed, and the iterator goes on into the new samples.

        Raises:
            SessionError: the session is closed.
            NumericalError: the model gives non-finite values even from its start state (while iterating).
        """
        self._check_open()
        return iter(self._next_frame, None)

    def flush(self) -> None:
        """End the stream: after it `poll` gives the remaining frames, ``ceil(samples * frame rate / 16000)`` in all.

        The tail of the resampler is taken in, then zeros up to the due sample of the last frame plus the lookahead:
        at most one frame of zeros at zero lookahead. `push` and `flush` raise SessionError until `reset`.

        Raises:
            SessionError: the session is closed or the stream flushed already.
        """
        self._check_open()
        if self._flushed:
            raise SessionError("flush", "the stream was flushed already", "call reset() to begin a new one")
        clock = self._machine.plan.clock
        frames = clock.frames_covering(self._queue.end)
        if frames:
            end = clock.due(frames - 1) + clock.lookahead_samples
            self._queue.append(np.zeros(end - self._queue.end, np.float32))
        self._count(samples=self._queue.end - self._report.samples)
        self._flushed = True

    def reset(self) -> None:
        """Begin a new stream, as a new session with the same parameters would; report and events are cleared.

        Raises:
            SessionError: the session is closed.
        """
        self._check_open()
        self._start_stream()

    def snapshot(self) -> Snapshot:
        """The stream as it stands, to be restored any number of times. Cheap: it copies references.

        Raises:
            SessionError: the session is closed.
        """
        self._check_open()
        return Snapshot(
            pipeline=self.pipeline,
            stream=self._stream,
            queue=self._queue.content(),
            sample_rate=self._sample_rate,
            resampler=None,
            flushed=self._flushed,
            report=self._report,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from `snapshot`, taken from this session or another; what this one was doing is forgotten.

        The frames that follow are those that the other session would have given, to the bit, if both have the same
        parameters and executor. Parameters are not part of a snapshot: another session's face takes over the stream.

        Raises:
            SessionError: the session is closed, or the snapshot is of another pipeline.
        """
        self._check_open()
        if not isinstance(snapshot, Snapshot) or snapshot.pipeline != self.pipeline:
            raise SessionError("snapshot", "it is not of this pipeline", "restore it on a session of the same model")
        self._start_stream()
        self._stream = snapshot.stream
        self._queue.set_content(snapshot.queue)
        self._sample_rate = snapshot.sample_rate
        self._flushed = snapshot.flushed
        self._report = snapshot.report

    def close(self) -> None:
        """Free what the session holds; report and events stay. The executor stays open. Closing twice is allowed."""
        self._queue.clear()
        self._stream = start(self._machine.plan)
        self._closed = True

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise SessionError("session", "it is closed", "open a new one")

    def _next_frame(self) -> Frame | None:
        """Run steps until a frame is made; None when samples are missing."""
        self._check_open()
        plan = self._machine.plan
        while True:
            match stepping.next_work(plan, self._stream, self._queue.start, self._queue.end):
                case Work.RUN_HOP:
                    self._run_hop()
                case Work.RUN_FRAME:
                    return self._run_frame()
                case Work.SKIP_FRAMES:
                    frame = stepping.first_frame_of_hop(plan, self._queue.first_hop)
                    self._stream = replace(self._stream, frame=frame)
                case Work.WAIT:
                    return None

    def _run_hop(self) -> None:
        run = partial(stepping.run_hop, self._machine, hop=self._queue.first_hop, pcm=self._queue.peek())
        step, seconds = self._run(run, check_state=False)
        self._queue.drop()
        self._move_to(step)
        self._seconds += seconds

    def _run_frame(self) -> Frame:
        index = self._stream.frame
        check_state = (index + 1) % self._health_interval == 0
        step, seconds = self._run(partial(stepping.run_frame, self._machine), check_state=check_state)
        values = step.outputs[self.pipeline.values]
        if values.ndim > 1 and values.shape[0] == 1:
            values = values[0]
        frame = Frame(index, self._machine.plan.clock.due(index), values, step.outputs)
        if self._observer:
            self._observer.on_frame(frame, step.state.states, self._seconds + seconds)
        self._move_to(step)
        self._seconds = 0.0
        self._count(frames=1)
        return frame

    def _run(self, step: Callable[[StreamState], Step], *, check_state: bool) -> tuple[Step, float]:
        """Run a step from the stream's state: what it gave and the seconds it took. The stream stays where it is."""
        began = time.perf_counter()
        done = stepping.run_finite(self._machine, self._stream, step, check_state=check_state)
        return done, time.perf_counter() - began

    def _move_to(self, step: Step) -> None:
        if step.restarted_for:
            self._count(restarts=1)
            message = f"{step.restarted_for} was not finite: all states start anew at frame {self._stream.frame}"
            self._tell("restarted_state", (step.state.newest_hop + 1) * self._queue.hop, 1, message)
        self._stream = step.state

    def _drop_excess(self) -> None:
        """Drop the oldest hops beyond the queue's limit, and tell."""
        hops = self._queue.excess_hops(self._queue_limit)
        if not hops:
            return
        plan = self._machine.plan
        at, samples = self._queue.start, hops * plan.clock.hop
        first = max(self._stream.frame, stepping.first_frame_of_hop(plan, self._queue.first_hop))
        self._queue.drop(hops)
        frames = stepping.first_frame_of_hop(plan, self._queue.first_hop) - first
        self._count(dropped_samples=samples, skipped_frames=frames)
        message = f"the queue was full: {samples} samples and {frames} frames dropped; poll more often"
        self._tell("dropped_audio", at, samples, message)

    def _count(self, **more: int) -> None:
        report = self._report
        self._report = replace(report, **{name: getattr(report, name) + count for name, count in more.items()})

    def _tell(self, kind: EventKind, sample: int, count: int, message: str) -> None:
        self._events.append(Event(kind, sample, count, message))
