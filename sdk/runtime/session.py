"""A session: one stream of speech through one face."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray

from sdk.errors import SessionError, UsageError
from sdk.runtime import stepping
from sdk.runtime.events import Event, Report
from sdk.runtime.executor import Executor
from sdk.runtime.frame import Frame
from sdk.runtime.intake import check_pcm
from sdk.runtime.noise import check_seed
from sdk.runtime.observer import Observer
from sdk.runtime.parameters import check_parameters
from sdk.runtime.plan import make_plan
from sdk.runtime.retarget import (
    Retarget,
    RetargetPlan,
    RetargetState,
    plan_retarget,
    retarget_frame,
    with_strength,
)
from sdk.runtime.signals import check_sample, check_values, find_signal
from sdk.runtime.snapshot import Snapshot
from sdk.runtime.stream import Stream, StreamOptions
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

    Signals. What the app knows beside the sound, such as a tracked face, goes in by `push_signal` with the time it was
    captured at. A frame sees the newest values that are not later than itself and not too old; without any it sees
    zeros, which the model reads as nothing known. Values that come after their frame was computed serve later frames.

    Chance. A model that samples draws by `seed`, and two sessions with one seed draw alike; without a seed the
    likeliest choice is taken. The noise of a frame depends on its index alone, not on what came before.

    Retargeting. With a `Retarget` the values of a frame are fitted to an avatar as they leave `poll`, so that a knob
    acts on the next frame polled. `Frame.outputs`, observers and traces keep what the model gave.

    Errors. A call that raises changes nothing: a refused push takes nothing in, a poll that failed tries the same step
    when called again, and `reset` or `restore` give a working stream. After `close` every call raises SessionError.

    Threads. Not thread-safe: drive one session from one thread at a time. The session starts no threads. Sessions on
    one executor may run in threads of their own where the executor allows it; `EagerExecutor` does.

    Cost. A push costs a copy and, at other rates than 16 kHz, the resampling; it runs no model. All model work is done
    while frames are taken from `poll`, one step at a time. A frame costs the same time and memory however long the
    stream has been. What is held: the model's state, the samples that wait, and the newest 256 events.

    Args:
        pipeline: the stages and their clocks.
        executor: runs them; shared, and not closed by the session.
        parameters: every parameter the pipeline names, e.g. the template; copied. The prepare stages run here, once.
        queue_seconds: most audio that may wait, at least one hop.
        health_interval: frames between two looks at the state.
        seed: of a sampled model's noise, 0 to 2^64 - 1; None for the likeliest choices.
        observer: told of every push, signal and frame.
        retarget: what is done to the channels of a frame; None for nothing.
        channels: names of a frame's values, which a retarget goes by; none where they are vertices.

    Raises:
        UsageError: a parameter is missing, unknown, of another shape or not finite, an option is out of range, or the
            retarget names a channel that frames do not have.
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
        seed: int | None = None,
        observer: Observer | None = None,
        retarget: Retarget | None = None,
        channels: Sequence[str] = (),
    ) -> None:
        if not (math.isfinite(queue_seconds) and queue_seconds * SAMPLE_RATE >= pipeline.hop):
            raise UsageError("queue_seconds", f"{queue_seconds} s does not hold a hop", "use a second or more")
        if health_interval < 1:
            raise UsageError("health_interval", f"{health_interval} is below 1", "use a number of frames")
        checked, seed = check_parameters(pipeline, parameters), check_seed(seed)
        self._machine = stepping.prepare(make_plan(pipeline), executor, checked, seed)
        self._options = StreamOptions(int(queue_seconds * SAMPLE_RATE), health_interval, observer)
        self._channels = tuple(channels)
        self._closed = False
        self._retarget: RetargetPlan | None = None
        self.set_retarget(retarget)
        self._begin(None)

    def _begin(self, snapshot: Snapshot | None) -> None:
        self._stream = Stream(self._machine, self._options, snapshot)
        self._ledger = self._stream.ledger
        self._shown = snapshot.shown if snapshot else RetargetState()

    @property
    def pipeline(self) -> PipelineSpec:
        """The stages and clocks the session runs."""
        return self._machine.plan.pipeline

    @property
    def report(self) -> Report:
        """Sums over the stream since its start. Still there after `close`."""
        return self._ledger.report

    @property
    def events(self) -> tuple[Event, ...]:
        """What the session put right by itself since the start, reset or restore: the newest 256, oldest first.

        Still there after `close`.
        """
        return self._ledger.events

    @property
    def delay_ms(self) -> float:
        """How much later than its due time a frame can come out, computing time apart.

        The lookahead, plus the resampler's delay from the first push on; 0 at 16 kHz without lookahead.
        """
        self._check_open()
        return self.pipeline.lookahead_samples * 1000 / SAMPLE_RATE + self._stream.resampler_delay_ms

    @property
    def next_sample(self) -> int:
        """Absolute index at 16 kHz of the first sample not read yet; no audio before it is needed again."""
        self._check_open()
        return self._stream.next_sample

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
        if self._stream.flushed:
            raise SessionError("push", "the stream was flushed", "call reset() to begin a new one")
        self._stream.push(check_pcm(pcm), sample_rate)

    def push_signal(self, name: str, values: Mapping[str, ArrayLike], *, sample: int | None = None) -> None:
        """Take in values of a signal. They are copied; no model runs.

        Args:
            name: one of the pipeline's signals.
            values: every tensor of the signal, by name. Values that are not finite, or beyond the range that the
                signal states, are not taken in: an event tells.
            sample: absolute index at 16 kHz of the time they were captured at; None for the end of the samples pushed
                so far. It may lie ahead of them, and never before that of the values pushed last.

        Raises:
            UsageError: there is no such signal, or a tensor is missing, unknown or of another shape.
            SessionError: the session is closed or the stream flushed, or the values are older than the last ones.
        """
        self._check_open()
        if self._stream.flushed:
            raise SessionError("push_signal", "the stream was flushed", "call reset() to begin a new one")
        signal = find_signal(self.pipeline, name)
        self._stream.push_signal(signal, check_values(signal, values), check_sample(name, sample))

    def poll(self) -> Iterator[Frame]:
        """The frames that can be computed from the samples so far, in order.

        The model runs as the iterator is advanced. Leaving it half-way loses nothing: a later poll goes on with the
        next frame. Pushing while iterating is allowed: an iterator that has not ended goes on into the new
        samples.

        Raises:
            SessionError: the session is closed.
            NumericalError: the model gives non-finite values even from its start state (while iterating).
        """
        self._check_open()
        return iter(self._next_frame, None)

    def set_retarget(self, retarget: Retarget | None) -> None:
        """Retarget the frames that follow in another way, or not at all. Smoothed channels go on from what was shown.

        Raises:
            UsageError: frames have no channels, or none of a name that the retarget gives.
            SessionError: the session is closed.
        """
        self._check_open()
        if retarget is None:
            self._retarget, self._shown = None, RetargetState()
        else:
            self._retarget = plan_retarget(retarget, self._channels, self.pipeline.frame_rate)

    def set_strength(self, knob: str, strength: float) -> None:
        """Turn a knob of the retarget: the next frame polled follows it.

        Args:
            knob: one of the retarget's.
            strength: 0 to 2; 1 changes nothing.

        Raises:
            UsageError: there is no such knob, or the strength is out of range.
            SessionError: the session is closed.
        """
        self._check_open()
        if self._retarget is None:
            raise UsageError(f"knob {knob}", "the session does not retarget", "call set_retarget first")
        self._retarget = with_strength(self._retarget, knob, strength)

    def flush(self) -> None:
        """End the stream: after it `poll` gives the remaining frames, ``ceil(samples * frame rate / 16000)`` in all.

        The tail of the resampler is taken in, then zeros up to the due sample of the last frame plus the lookahead:
        at most one frame of zeros at zero lookahead. `push` and `flush` raise SessionError until `reset`.

        Raises:
            SessionError: the session is closed or the stream flushed already.
        """
        self._check_open()
        if self._stream.flushed:
            raise SessionError("flush", "the stream was flushed already", "call reset() to begin a new one")
        self._stream.flush()

    def reset(self) -> None:
        """Begin a new stream, as a new session with the same parameters would; report and events are cleared.

        Raises:
            SessionError: the session is closed.
        """
        self._check_open()
        self._begin(None)

    def snapshot(self) -> Snapshot:
        """The stream as it stands, to be restored any number of times. Cheap: it copies references.

        Raises:
            SessionError: the session is closed.
        """
        self._check_open()
        return replace(self._stream.snapshot(), shown=self._shown)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from `snapshot`, taken from this session or another; what this one was doing is forgotten.

        The frames that follow are those that the other session would have given, to the bit, if both have the same
        parameters, executor and retarget. None of these is part of a snapshot: another session's face takes over the
        stream.

        Raises:
            SessionError: the session is closed, or the snapshot is of another pipeline.
        """
        self._check_open()
        if not isinstance(snapshot, Snapshot) or snapshot.pipeline != self.pipeline:
            raise SessionError("snapshot", "it is not of this pipeline", "restore it on a session of the same model")
        self._begin(snapshot)

    def close(self) -> None:
        """Free what the session holds; report and events stay. The executor stays open. Closing twice is allowed."""
        if not self._closed:
            del self._stream
            self._closed = True

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise SessionError("session", "it is closed", "open a new one")

    def _next_frame(self) -> Frame | None:
        # Reads the stream anew each time: an iterator lives through reset and restore.
        self._check_open()
        frame = self._stream.next_frame()
        if frame is None or self._retarget is None:
            return frame
        values, self._shown = retarget_frame(self._retarget, frame.index, frame.values, self._shown)
        return replace(frame, values=values)
