"""Records a session into a `Trace`: an observer, so that the session itself knows nothing of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sdk.audio.clock import SampleClock
from sdk.bundle.digest import state_digest
from sdk.bundle.trace import SignalRows, Trace
from sdk.runtime.executor import Array
from sdk.runtime.signals import first_to_see
from sdk.spec import SAMPLE_RATE, PipelineSpec

if TYPE_CHECKING:
    from sdk.runtime.frame import Frame


class TraceRecorder:
    """Observer of one stream. Give it to ``bundle.session(observer=recorder)``; take `trace` at any time.

    Memory grows with the stream: use it for vectors and device runs of seconds to minutes. A stream ends at `reset()`
    of its session; record the next one with a new recorder.

    Args:
        pipeline: of the session.
        metadata: free text for the trace: target, precision, model, device, ...
        seed: that the session was given.
    """

    def __init__(
        self, pipeline: PipelineSpec, metadata: Mapping[str, str] | None = None, *, seed: int | None = None
    ) -> None:
        self._metadata = dict(metadata or {})
        self._seed = seed
        self._leaves = [(stage.name, leaf.name) for stage in pipeline.stages for leaf in stage.state]
        self._outputs: dict[str, list[Array]] = {
            f"{stage.name}.{tensor.name}": []
            for stage in pipeline.stages
            if stage.clock == "frame"
            for tensor in stage.outputs
        }
        self._shapes = {
            f"{stage.name}.{tensor.name}": tensor.shape for stage in pipeline.stages for tensor in stage.outputs
        }
        self._pushes: list[NDArray[Any]] = []
        self._clock = SampleClock.of(pipeline)
        self._signals: dict[str, list[_Kept]] = {s.name: [] for s in pipeline.signals}
        self._rate = SAMPLE_RATE
        self._index: list[int] = []
        self._due: list[int] = []
        self._seconds: list[float] = []
        self._digests: list[Array] = []

    def on_push(self, pcm: NDArray[Any], sample_rate: int) -> None:
        """Keep one push: (n,) mono samples as they came, float32 or int16."""
        self._rate = sample_rate
        self._pushes.append(np.array(pcm))

    def on_signal(self, name: str, values: Mapping[str, Array], sample: int) -> None:
        """Keep the values of a signal, and which frame they can still serve."""
        in_time = first_to_see(self._clock, sample)
        after = self._index[-1] + 1 if self._index else 0
        copied = {key: np.array(value) for key, value in values.items()}
        self._signals[name].append(_Kept(sample, in_time, max(in_time, after), copied))

    def on_frame(self, frame: Frame, states: Mapping[str, Mapping[str, Array]], seconds: float) -> None:
        """Keep one frame, the digests of the states after it, and the time it took."""
        self._index.append(frame.index)
        self._due.append(frame.due_sample)
        self._seconds.append(seconds)
        self._digests.append(state_digest({f"{s}.{leaf}": states[s][leaf] for s, leaf in self._leaves}))
        for name, kept in self._outputs.items():
            kept.append(np.array(frame.outputs[name], np.float32))

    @property
    def trace(self) -> Trace:
        """What was recorded so far. Pushes of both types are given as float32."""
        pushes = self._pushes
        if any(push.dtype != np.int16 for push in pushes):
            pushes = [p.astype(np.float32) / np.float32(32768) if p.dtype == np.int16 else p for p in pushes]
        count = len(self._index)
        return Trace(
            pcm=np.concatenate(pushes) if pushes else np.zeros(0, np.float32),
            sample_rate=self._rate,
            chunks=np.array([len(push) for push in pushes], np.int64),
            index=np.array(self._index, np.int64),
            due_sample=np.array(self._due, np.int64),
            outputs={
                name: np.array(kept, np.float32).reshape(count, *self._shapes[name])
                for name, kept in self._outputs.items()
            },
            digests=np.array(self._digests, np.float32).reshape(count, len(self._leaves), 2),
            digest_names=tuple(f"{stage}.{leaf}" for stage, leaf in self._leaves),
            seconds=np.array(self._seconds, np.float32),
            signals={name: _rows(kept) for name, kept in self._signals.items() if kept},
            seed=self._seed,
            metadata=self._metadata,
        )


@dataclass(frozen=True, eq=False)
class _Kept:
    """One value of a signal; the first frame that its time lets see it, and the first that could."""

    sample: int
    in_time: int
    seen_from: int
    values: dict[str, Array]


def _rows(kept: list[_Kept]) -> SignalRows:
    late = any(row.seen_from > row.in_time for row in kept)
    return SignalRows(
        sample=np.array([row.sample for row in kept], np.int64),
        tensors={name: np.stack([row.values[name] for row in kept]) for name in kept[0].values},
        seen_from=np.array([row.seen_from for row in kept], np.int64) if late else None,
    )
