"""The bounded queue: what is dropped, what is skipped, what is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.audio.clock import SampleClock
from sdk.errors import UsageError
from sdk.runtime import Frame
from sdk.runtime.queue import HopQueue
from sdk.spec import FrameRate
from tests.runtime.streams import RAMP_HOP, hops_seen, ramp, ramp_session, take, toy_session


@given(lengths=st.lists(st.integers(0, 50)), hop=st.integers(1, 17), reads=st.lists(st.booleans()))
@settings(deadline=None)
def test_hops_come_out_as_they_went_in(lengths: list[int], hop: int, reads: list[bool]) -> None:
    queue, pushed, read = HopQueue(hop), 0, 0
    for position, length in enumerate(lengths):
        queue.append(np.arange(pushed, pushed + length, dtype=np.float32))
        pushed += length
        if queue.has_hop and position < len(reads) and reads[position]:
            assert queue.peek().tolist() == [list(range(read, read + hop))]
            queue.drop()
            read += hop
        assert (queue.start, queue.end) == (read, pushed)
        assert queue.has_hop == (pushed - read >= hop)


@given(waiting=st.integers(0, 500), hop=st.integers(1, 40), data=st.data())
def test_excess_is_the_fewest_hops_that_bring_it_under_the_limit(waiting: int, hop: int, data: st.DataObject) -> None:
    limit = data.draw(st.integers(hop, 600))
    queue = HopQueue(hop)
    queue.append(np.zeros(waiting, np.float32))
    hops = queue.excess_hops(limit)
    queue.drop(hops)
    assert queue.end - queue.start <= limit
    assert hops == 0 or queue.end - queue.start + hop > limit


def test_content_is_a_value() -> None:
    queue = HopQueue(4)
    queue.append(np.arange(10, dtype=np.float32))
    content = queue.content()
    queue.drop(2)
    queue.append(np.ones(9, np.float32))
    other = HopQueue(4)
    other.set_content(content)
    other.append(np.array([10, 11], np.float32))
    assert np.concatenate([hop[0] for hop in other.content().hops]).tolist() == list(range(12))


@given(
    pushes=st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 20)), min_size=1, max_size=12),
    fps=st.sampled_from(["24", "29.97", "90", "120"]),
    lookahead=st.sampled_from([0, 130]),
)
@settings(deadline=None, max_examples=60)
def test_the_clock_moves_on_over_dropped_audio(pushes: list[tuple[int, int]], fps: str, lookahead: int) -> None:
    """A frame comes out if and only if its newest hop was not dropped, and then it sees the hops run last."""
    clock = SampleClock(FrameRate.parse(fps), RAMP_HOP, lookahead)
    session = ramp_session(fps, lookahead, queue_seconds=0.2)
    pcm = ramp(sum(count for count, _ in pushes))
    pushed, dropped, frames = 0, set[int](), list[Frame]()
    for count, polled in pushes:
        first = session.next_sample
        session.push(pcm[pushed : pushed + count])
        pushed += count
        dropped |= set(range(first // RAMP_HOP, session.next_sample // RAMP_HOP))
        assert pushed - session.next_sample <= 3_200
        frames += take(session, polled)
    session.flush()
    frames += session.poll()

    expected = [t for t in range(clock.frames_covering(pushed)) if clock.newest_hop(t) not in dropped]
    assert [frame.index for frame in frames] == expected
    for frame, seen in zip(frames, hops_seen(frames), strict=True):
        newest = clock.newest_hop(frame.index)
        run = [-1, -1, -1, *(hop for hop in range(newest + 1) if hop not in dropped)]
        # A hop that ends in the zeros of the flush has no number in the ramp.
        assert seen == tuple(hop if (hop + 1) * RAMP_HOP <= pushed else -1 for hop in run[-3:])

    report = session.report
    assert report.dropped_samples == len(dropped) * RAMP_HOP
    assert report.dropped_samples == sum(event.count for event in session.events)
    assert report.frames == len(frames)
    assert report.skipped_frames == clock.frames_covering(pushed) - len(frames)


def test_the_event_says_what_and_why() -> None:
    session = ramp_session(queue_seconds=0.1)
    session.push(ramp(5_000))
    (event,) = session.events
    assert (event.kind, event.sample, event.count) == ("dropped_audio", 0, 3_520)
    assert "the queue was full: 3520 samples and 6 frames dropped" in event.message
    assert next(iter(session.poll())).index == 6


def test_a_long_push_is_told_once() -> None:
    session = toy_session(queue_seconds=1)
    session.push(np.zeros(160_000, np.int16))
    assert [event.count for event in session.events] == [144_000]


def test_events_are_bounded_and_counts_are_not() -> None:
    session = ramp_session()
    for _ in range(300):
        session.push(np.full(1, np.nan, np.float32))
    assert len(session.events) == 256
    assert session.events[0].sample == 44
    assert session.report.non_finite_samples == 300


@pytest.mark.parametrize("seconds", [0, 0.009, -1, float("nan"), float("inf")])
def test_a_queue_that_holds_no_hop_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="queue_seconds"):
        ramp_session(queue_seconds=seconds)
