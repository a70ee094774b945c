"""Zero lookahead, proved: nothing from a frame's due sample on can reach it, and something before it does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.audio.clock import SampleClock
from tests.runtime.streams import (
    FRAME_RATES,
    HOP,
    RAMP_HOP,
    assert_same,
    noise,
    ramp,
    ramp_session,
    same,
    toy_pipeline,
    toy_session,
    whole,
)

PCM = noise(4_500)


@pytest.mark.parametrize("lookahead", [0, 100, 1_600])
@pytest.mark.parametrize("fps", FRAME_RATES)
@given(data=st.data())
@settings(deadline=None, max_examples=3)
def test_later_samples_change_no_frame(fps: str, lookahead: int, data: st.DataObject) -> None:
    """Change every sample from ``due + lookahead`` of frame k on: frames 0 to k stay equal to the bit.

    The first frame whose newest hop holds a changed sample must change, so the test can fail.
    """
    pipeline = toy_pipeline(fps, lookahead)
    clock = SampleClock(pipeline.frame_rate, HOP, lookahead)
    k = data.draw(st.integers(0, clock.frames_ready(len(PCM) - 2 * HOP) - 2), label="k")
    first_changed = clock.due(k) + lookahead
    changed = PCM.copy()
    changed[first_changed:] = noise(len(PCM) - first_changed, seed=1) + 1_000
    frames = whole(toy_session(fps, lookahead), PCM)
    others = whole(toy_session(fps, lookahead), changed)
    assert_same(others[: k + 1], frames[: k + 1])
    reached = clock.frames_ready((first_changed // HOP + 1) * HOP - 1)
    assert reached > k
    if clock.phase(reached) == 0:
        reached += 1  # the toy gives its newest hop the weight of the phase
    assert not same(others[reached], frames[reached])


def test_the_sample_before_is_used() -> None:
    """The bound is tight: where a hop ends at a frame's due sample, its last sample reaches that frame."""
    clock = SampleClock(toy_pipeline("25").frame_rate, RAMP_HOP)
    assert clock.due(4) % RAMP_HOP == 0
    pcm = ramp(4_500)
    frames = whole(ramp_session("25"), pcm)
    pcm[clock.due(4) - 1] = 0.5
    others = whole(ramp_session("25"), pcm)
    assert_same(others[:4], frames[:4])
    assert not same(others[4], frames[4])


def test_frames_do_not_wait_for_later_samples() -> None:
    """A frame comes out of the very push that holds its last sample."""
    session = toy_session("90")
    clock = SampleClock(toy_pipeline("90").frame_rate, HOP)
    at = 0
    for index in range(20):
        session.push(PCM[at : clock.due(index)])
        at = clock.due(index)
        assert [frame.index for frame in session.poll()] == [index]
        assert list(session.poll()) == []
    assert np.count_nonzero(PCM[:at])
