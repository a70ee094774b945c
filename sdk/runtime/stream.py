"""One stream of speech: the samples that wait, the state they lead to, and the account of both.

`Session` guards it with the rules of its verbs; here is what the verbs do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.runtime import stepping
from sdk.runtime.events import Ledger
from sdk.runtime.executor import Array
from sdk.runtime.frame import Frame
from sdk.runtime.intake import Intake, open_intake, tail, take
from sdk.runtime.observer import Observer
from sdk.runtime.plan import StreamState, start
from sdk.runtime.queue import HopQueue
from sdk.runtime.signals import Row, append, fault_of, no_rows, trim
from sdk.runtime.snapshot import Snapshot
from sdk.runtime.stepping import Machine, Step, Work
from sdk.spec import SignalSpec


@dataclass(frozen=True)
class StreamOptions:
    """See `Session`; the limit is in samples at 16 kHz."""

    queue_limit: int
    health_interval: int
    observer: Observer | None


class Stream:
    """The changing part of a session, from the first sample or from a snapshot on."""

    def __init__(self, machine: Machine, options: StreamOptions, snapshot: Snapshot | None = None) -> None:
        self._machine = machine
        self._plan = machine.plan
        self._options = options
        self._seconds = 0.0
        self._queue = HopQueue(machine.plan.clock.hop)
        self._state = start(machine.plan)
        self._lines = no_rows(machine.plan.pipeline)
        self._intake: Intake | None = None
        self.flushed = False
        self.ledger = Ledger()
        if snapshot:
            self._queue.set_content(snapshot.queue)
            self._state = snapshot.state
            self._lines = snapshot.lines
            self._intake = snapshot.intake
            self.flushed = snapshot.flushed
            self.ledger = Ledger(snapshot.report)

    def snapshot(self) -> Snapshot:
        """The stream as a value."""
        return Snapshot(
            pipeline=self._plan.pipeline,
            state=self._state,
            queue=self._queue.content(),
            intake=self._intake,
            lines=self._lines,
            flushed=self.flushed,
            report=self.ledger.report,
        )

    @property
    def next_sample(self) -> int:
        """Absolute index of the first sample not read yet."""
        return self._queue.start

    @property
    def resampler_delay_ms(self) -> float:
        """Delay of the resampler; 0 before the first push."""
        return self._intake.resampler.delay_ms if self._intake else 0.0

    def push(self, pcm: NDArray[Any], sample_rate: int | None) -> None:
        """Take a push in, and drop the oldest hops if too many samples wait."""
        intake = open_intake(self._intake, sample_rate)
        if self._options.observer:
            self._options.observer.on_push(pcm, intake.resampler.rate_in)
        at, first_hop = self._queue.end, self._queue.first_hop
        non_finite = clipped = 0
        for taken in take(intake, pcm):
            intake = taken.intake
            non_finite += taken.non_finite
            clipped += taken.clipped
            self._queue.append(taken.samples)
            self._queue.drop(self._queue.excess_hops(self._options.queue_limit))
        self._intake = intake
        self.ledger.count(samples=self._queue.end - at, non_finite_samples=non_finite, clipped_samples=clipped)
        if non_finite:
            self.ledger.tell("non_finite_audio", at, non_finite, f"{non_finite} NaN or infinite samples became 0")
        if clipped:
            self.ledger.tell("clipped_audio", at, clipped, f"{clipped} samples beyond [-1, 1] were clipped")
        if self._queue.first_hop > first_hop:
            self._tell_dropped(first_hop)

    def _tell_dropped(self, first_hop: int) -> None:
        """Account for the hops from `first_hop` on that left the queue unread."""
        hop = self._queue.hop
        samples = (self._queue.first_hop - first_hop) * hop
        first, after = (stepping.first_frame_of_hop(self._plan, h) for h in (first_hop, self._queue.first_hop))
        self.ledger.count(dropped_samples=samples, skipped_frames=after - first)
        message = f"the queue was full: {samples} samples and {after - first} frames dropped; poll more often"
        self.ledger.tell("dropped_audio", first_hop * hop, samples, message)

    def push_signal(self, signal: SignalSpec, values: dict[str, Array], sample: int | None) -> None:
        """Take the values of a signal in; those that cannot be used are left out, and told."""
        at = self._queue.end if sample is None else sample
        if fault := fault_of(signal, values):
            kind, message = fault
            self.ledger.count(dropped_signals=1)
            self.ledger.tell(kind, at, 1, message)
            return
        line, dropped = append(self._lines[signal.name], signal.name, Row(at, values))
        if self._options.observer:
            self._options.observer.on_signal(signal.name, values, at)
        self._lines = {**self._lines, signal.name: line}
        self.ledger.count(signals=1, dropped_signals=dropped)
        if dropped:
            message = f"{dropped} values of {signal.name} waited too long for their frame; poll more often"
            self.ledger.tell("dropped_signal", at, dropped, message)

    def flush(self) -> None:
        """End the stream: the resampler's tail, then zeros for the last frame."""
        clock, at = self._plan.clock, self._queue.end
        if self._intake:
            self._queue.append(tail(self._intake))
        if frames := clock.frames_covering(self._queue.end):
            end = clock.due(frames - 1) + clock.lookahead_samples
            self._queue.append(np.zeros(end - self._queue.end, np.float32))
        self.ledger.count(samples=self._queue.end - at)
        self.flushed = True

    def next_frame(self) -> Frame | None:
        """Run steps until a frame is made; None when samples are missing."""
        while True:
            match stepping.next_work(self._plan, self._state, self._queue.start, self._queue.end):
                case Work.RUN_HOP:
                    self._run_hop()
                case Work.RUN_FRAME:
                    return self._run_frame()
                case Work.SKIP_FRAMES:
                    frame = stepping.first_frame_of_hop(self._plan, self._queue.first_hop)
                    self._state = replace(self._state, frame=frame)
                case Work.WAIT:
                    return None

    def _run_hop(self) -> None:
        run = partial(stepping.run_hop, self._machine, hop=self._queue.first_hop, pcm=self._queue.peek())
        step, seconds = self._run(run, check_state=False)
        self._queue.drop()
        self._move_to(step)
        self._seconds += seconds

    def _run_frame(self) -> Frame:
        index = self._state.frame
        check_state = (index + 1) % self._options.health_interval == 0
        run = partial(stepping.run_frame, self._machine, lines=self._lines)
        step, seconds = self._run(run, check_state=check_state)
        values = step.outputs[self._plan.pipeline.values]
        if values.ndim > 1 and values.shape[0] == 1:
            values = values[0]
        frame = Frame(index, self._plan.clock.due(index), values, step.outputs)
        if self._options.observer:
            self._options.observer.on_frame(frame, step.state.states, self._seconds + seconds)
        self._move_to(step)
        until = stepping.newest_sample(self._plan, self._state.frame)
        self._lines = {name: trim(line, until) for name, line in self._lines.items()}
        self._seconds = 0.0
        self.ledger.count(frames=1)
        return frame

    def _run(self, step: Callable[[StreamState], Step], *, check_state: bool) -> tuple[Step, float]:
        """Run a step from the present state: what it gave and the seconds it took. The stream stays where it is."""
        began = time.perf_counter()
        done = stepping.run_finite(self._machine, self._state, step, check_state=check_state)
        return done, time.perf_counter() - began

    def _move_to(self, step: Step) -> None:
        if step.restarted_for:
            self.ledger.count(restarts=1)
            message = f"{step.restarted_for} was not finite: all states start anew at frame {self._state.frame}"
            self.ledger.tell("restarted_state", (step.state.newest_hop + 1) * self._queue.hop, 1, message)
        self._state = step.state
