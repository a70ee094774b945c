"""Long audio: lazy, in flat memory, without drift."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from sdk.runtime import Session
from tests.runtime.streams import (
    TOY,
    TOY_EXECUTOR,
    RampExecutor,
    hops_seen,
    ramp,
    ramp_pipeline,
    ramp_session,
    same,
    toy_pipeline,
    toy_session,
    whole,
)

HOUR = 3_600 * 16_000


def test_a_push_runs_no_model_and_a_poll_no_more_than_it_gives() -> None:
    executor = RampExecutor()
    session = Session(ramp_pipeline(), executor, {})
    session.push(ramp(160_000))
    assert executor.calls == 0
    frames = session.poll()
    assert executor.calls == 0
    next(frames)
    # Frame 0 is due at sample 534, after 3 hops of 160.
    assert executor.calls == 4


def test_a_frame_and_its_audio_are_forgotten_when_read() -> None:
    """Half a minute in one push: what is held shrinks as it is read, and ends at nothing."""
    session = ramp_session("60")
    session.push(ramp(30 * 16_000))
    tracemalloc.start()
    for index, _ in enumerate(session.poll()):
        if index == 100:
            early = tracemalloc.get_traced_memory()[0]
    late, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert index == 1_799
    assert late - early < 20_000
    assert peak - early < 100_000


def test_a_push_beyond_the_queue_needs_no_room_for_all_of_it() -> None:
    session = ramp_session(queue_seconds=2)
    pcm = np.zeros(600 * 16_000, np.int16)
    tracemalloc.start()
    session.push(pcm)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert session.report.dropped_samples == 598 * 16_000
    assert peak < 2_000_000


def test_the_last_frame_of_minutes_is_exact() -> None:
    """Oracle: integer arithmetic on the last frame's index. 29.97 frames a second, 5994 frames."""
    session = ramp_session("29.97")
    frames = whole(session, ramp(200 * 16_000))
    assert len(frames) == -(-200 * 30_000 // 1_001)
    last = frames[-2]
    assert last.due_sample == -(-(last.index + 1) * 16_000 * 1_001 // 30_000)
    assert hops_seen([last])[0][-1] == last.due_sample // 160 - 1
    assert last.values[-1] == last.index + 1


@pytest.mark.slow
def test_an_hour_in_one_push_equals_an_hour_in_pieces() -> None:
    """The toy over an hour: 108,000 frames, compared as they come."""
    second = (np.random.default_rng(0).standard_normal(16_000) * 2_000).astype(np.int16)
    pieces = toy_session()

    def piecewise():
        for _ in range(3_600):
            pieces.push(second)
            yield from pieces.poll()
        pieces.flush()
        yield from pieces.poll()

    session = Session(toy_pipeline(), TOY_EXECUTOR, TOY.parameters, queue_seconds=3_600)
    session.push(np.tile(second, 3_600))
    session.flush()
    count = 0
    for frame, other in zip(session.poll(), piecewise(), strict=True):
        assert same(frame, other)
        count += 1
    assert count == 3_600 * 30
    assert session.report.dropped_samples == 0
    assert session.next_sample == HOUR
