"""A session that runs in libnowface, with the verbs of `sdk.runtime.Session`."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from runtime_bindings.python.native.library import (
    ABI_VERSION,
    NO_FRAME,
    SUMS,
    SYNCHRONOUS,
    WORKER,
    EventRecord,
    FrameHead,
    Library,
    Parameter,
    ReportSums,
    SessionOptions,
    load_library,
)
from sdk.errors import SessionError, UsageError
from sdk.runtime.events import EVENTS_KEPT, Event, EventKind, Report
from sdk.runtime.executor import Array
from sdk.runtime.frame import Frame
from sdk.runtime.intake import check_pcm
from sdk.runtime.noise import check_seed
from sdk.runtime.parameters import check_parameters
from sdk.runtime.retarget import Retarget
from sdk.runtime.signals import check_sample, check_values, find_signal
from sdk.spec import SAMPLE_RATE, PipelineSpec

KINDS: tuple[EventKind, ...] = get_args(EventKind)
"""Kinds of events by their numbers in nowface.h."""


class NativeSession:
    """Streams speech through libnowface: the same verbs and the same frames as `sdk.runtime.Session`.

    Differences: the sample rate is an option of the session, for its buffers are made once; a snapshot is bytes; frames
    hold all outputs in synchronous mode; with a worker the values alone, or none where it retargets. Options are those
    of nowface.h.

    Args:
        folder: the bundle's, which the library opens and checks by itself.
        pipeline: of the bundle.
        parameters: every parameter.
        precision: of the target ``executorch``; None for the bundle's default.
        worker: compute on a thread of the library; otherwise within `poll`.
        sample_rate: of all that is pushed.
        queue_seconds: most sound that may wait; the oldest beyond it is dropped and counted.
        frame_capacity: frames that may wait for `poll` with a worker, which stands while so many wait.
        health_interval: frames between two looks at the state.
        seed: of a sampled model's noise.
        retarget: what is done to the channels of a frame; None for nothing.
        library: None for the one that `load_library` finds.

    Raises:
        UsageError, TargetError, BundleError, NumericalError: as `sdk.Bundle.session`.
    """

    def __init__(
        self,
        folder: Path,
        pipeline: PipelineSpec,
        parameters: Mapping[str, ArrayLike],
        precision: str | None = None,
        *,
        worker: bool = False,
        sample_rate: int = SAMPLE_RATE,
        queue_seconds: float = 600.0,
        frame_capacity: int = 64,
        health_interval: int = 30,
        seed: int | None = None,
        retarget: Retarget | None = None,
        library: Library | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.sample_rate = sample_rate
        self._library = library or load_library()
        self._session = ctypes.c_void_p()
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._outputs = [
            (f"{stage.name}.{tensor.name}", tensor.shape)
            for stage in pipeline.stages
            if stage.clock == "frame"
            for tensor in stage.outputs
        ]
        self._shape = dict(self._outputs)[pipeline.values]
        self._worker = worker
        given = {name: array.reshape(-1) for name, array in check_parameters(pipeline, parameters).items()}
        rows = (Parameter * len(given))(*(Parameter(n.encode(), _floats(v), v.size) for n, v in given.items()))
        options = SessionOptions(
            abi_version=ABI_VERSION,
            mode=WORKER if worker else SYNCHRONOUS,
            sample_rate=_whole("sample_rate", sample_rate),
            queue_milliseconds=_whole("queue_seconds", queue_seconds * 1000),
            frame_capacity=_whole("frame_capacity", frame_capacity),
            health_interval=_whole("health_interval", health_interval),
            has_seed=check_seed(seed) is not None,
            seed=seed or 0,
            precision=precision.encode() if precision else None,
            parameters=rows,
            parameter_count=len(rows),
        )
        bundle = ctypes.c_void_p()
        self._library.call("bundle_open", str(folder).encode(), None, ctypes.byref(bundle))
        try:
            self._library.call("session_create", bundle, ctypes.byref(options), ctypes.byref(self._session))
        finally:
            self._library.free("bundle_close", bundle)
        try:
            self.set_retarget(retarget)
        except BaseException:
            self.close()
            raise

    def push(self, pcm: NDArray[Any], sample_rate: int | None = None) -> None:
        """Take samples in; see `sdk.runtime.Session.push`.

        Raises:
            AudioError: `pcm` has another type or shape.
            SessionError: closed or flushed, or the rate is not the session's.
        """
        if sample_rate not in (None, self.sample_rate):
            problem = f"{sample_rate} Hz for a session of {self.sample_rate} Hz"
            raise SessionError("sample_rate", problem, "open a session with sample_rate=")
        samples = np.ascontiguousarray(check_pcm(pcm))
        if samples.dtype == np.int16:
            pointer = samples.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
            self._call("push_int16", pointer, samples.size)
        else:
            self._call("push_float", _floats(samples), samples.size)

    def push_signal(self, name: str, values: Mapping[str, ArrayLike], *, sample: int | None = None) -> None:
        """Take values of a signal in; see `sdk.runtime.Session.push_signal`."""
        signal = find_signal(self.pipeline, name)
        rows = check_values(signal, values)
        joined = np.concatenate([rows[tensor.name].reshape(-1) for tensor in signal.tensors])
        at = check_sample(name, sample)
        number = self.pipeline.signals.index(signal)
        self._call("push_signal", number, _floats(joined), joined.size, -1 if at is None else at)

    def poll(self) -> Iterator[Frame]:
        """The frames that are ready; see `sdk.runtime.Session.poll`."""
        self._check_open()
        return iter(self._next_frame, None)

    def _next_frame(self) -> Frame | None:
        head = FrameHead()
        values = np.empty(self._shape, np.float32)
        if self._call("poll", ctypes.byref(head), _floats(values), values.size) == NO_FRAME:
            return None
        shown = values[0] if values.ndim > 1 and values.shape[0] == 1 else values
        return Frame(head.index, head.due_sample, shown, self._outputs_of(values))

    def _outputs_of(self, values: Array) -> dict[str, Array]:
        if not self._worker:
            return self._all_outputs()
        return {} if self._retargets else {self.pipeline.values: values}

    def _all_outputs(self) -> dict[str, Array]:
        made = {}
        for number, (name, shape) in enumerate(self._outputs):
            made[name] = np.empty(shape, np.float32)
            self._call("session_output", number, _floats(made[name]), made[name].size)
        return made

    def digests(self) -> Array:
        """State after the frame that was polled last, (leaves, 2), see `sdk.bundle.digest`; not with a worker."""
        leaves = sum(len(stage.state) for stage in self.pipeline.stages)
        digests = np.empty((leaves, 2), np.float32)
        self._call("session_digests", _floats(digests), digests.size)
        return digests

    def set_retarget(self, retarget: Retarget | None) -> None:
        """Retarget the frames that follow; see `sdk.runtime.Session.set_retarget`."""
        text = retarget.model_dump_json().encode() if retarget else None
        self._call("session_set_retarget", text, len(text or b""))
        self._retargets = retarget is not None

    def set_strength(self, knob: str, strength: float) -> None:
        """Turn a knob of the retarget; see `sdk.runtime.Session.set_strength`."""
        self._call("session_set_strength", knob.encode(), strength)

    def flush(self) -> None:
        """End the stream; see `sdk.runtime.Session.flush`."""
        self._call("session_flush")

    def wait(self, seconds: float) -> bool:
        """Let the worker compute all that was pushed, or as many frames as may wait; False if time was over first."""
        return self._call("session_wait", int(seconds * 1000)) != NO_FRAME

    def reset(self) -> None:
        """Begin a new stream; see `sdk.runtime.Session.reset`."""
        self._call("session_reset")
        self._events.clear()

    def snapshot(self) -> bytes:
        """The stream as it stands."""
        size = ctypes.c_size_t()
        self._call("session_snapshot", None, ctypes.byref(size))
        while True:
            buffer = ctypes.create_string_buffer(size.value)
            try:
                self._call("session_snapshot", buffer, ctypes.byref(size))
            except UsageError:
                # A worker may have added frames in between, and `size` then tells the room they need.
                if size.value <= len(buffer):
                    raise
            else:
                return buffer.raw[: size.value]

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of a session of the same pipeline and sample rate.

        Raises:
            SessionError: it is of another, or damaged; the stream is then as it was.
        """
        self._call("session_restore", snapshot, len(snapshot))
        self._events.clear()

    @property
    def report(self) -> Report:
        """Sums over the stream."""
        sums = self._sums()
        return Report(**{name: getattr(sums, name) for name in SUMS})

    @property
    def delay_ms(self) -> float:
        """How much later than its due time a frame can come out, computing time apart."""
        return float(self._sums().delay_milliseconds)

    @property
    def events(self) -> tuple[Event, ...]:
        """What the session put right by itself since the start, the last reset or restore: the newest."""
        record = EventRecord()
        while self._call("session_next_event", ctypes.byref(record)) != NO_FRAME:
            kind = KINDS[record.kind]
            self._events.append(Event(kind, record.sample, record.count, f"{kind} x{record.count}"))
        return tuple(self._events)

    def close(self) -> None:
        """Free the session. Closing twice is allowed."""
        self._library.free("session_destroy", self._session)
        self._session = ctypes.c_void_p()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if not self._session:
            raise SessionError("session", "it is closed", "open a new one")

    def _sums(self) -> ReportSums:
        sums = ReportSums()
        self._call("session_get_report", ctypes.byref(sums))
        return sums

    def _call(self, name: str, *arguments: Any) -> int:
        self._check_open()
        return self._library.call(name, self._session, *arguments)


def open_session(
    folder: Path, pipeline: PipelineSpec, precision: str | None, parameters: Mapping[str, ArrayLike], **options: Any
) -> NativeSession:
    """What `sdk.Bundle.session` calls for the target ``native``.

    Raises:
        UsageError: an option that only the Python runtime has.
        MissingDependencyError: the library was not built.
    """
    if options.pop("observer", None) is not None:
        raise UsageError("observer", "the native runtime has none", "record a trace with nowface-replay")
    return NativeSession(folder, pipeline, parameters, precision, **options)


def _floats(array: Array) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def _whole(name: str, value: float) -> int:
    """A number above 0 of 32 bits: 0 would mean the library's default."""
    if not 1 <= value < 2**32:
        raise UsageError(name, f"{value} cannot be used", "give a number above 0")
    return int(value)
