"""Streams at other rates than 16 kHz."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.audio.resample import Resampler, resample
from tests.runtime.streams import HOP, as_float, assert_same, noise, take, toy_session, whole

RATES = (8_000, 22_050, 44_100, 48_000, 192_000)
PCM = noise(24_000)


@pytest.mark.parametrize("rate", RATES)
def test_equals_the_resampled_clip(rate: int) -> None:
    """Oracle: the whole clip through `sdk.audio.resample.resample`, pushed at 16 kHz."""
    session = toy_session()
    frames = whole(session, PCM, rate)
    assert_same(frames, whole(toy_session(), resample(as_float(PCM), rate)))
    assert len(frames) == math.ceil(math.ceil(len(PCM) * 16_000 / rate) * 30 / 16_000)


@given(
    rate=st.sampled_from(RATES),
    chunks=st.lists(st.tuples(st.integers(0, 6_000), st.integers(0, 9), st.booleans()), max_size=10),
)
@settings(deadline=None, max_examples=25)
def test_any_chunking_with_restores_in_between(rate: int, chunks: list[tuple[int, int, bool]]) -> None:
    """Pushes, abandoned polls, and moves to another session in the middle of resampling: the same to the bit."""
    session = toy_session()
    session.push(PCM[:0], rate)
    done, frames = 0, []
    for count, polled, move in chunks:
        session.push(PCM[done : done + count])
        done += count
        frames += take(session, polled)
        if move:
            snapshot, session = session.snapshot(), toy_session()
            session.restore(snapshot)
    session.push(PCM[done:], rate)
    session.flush()
    assert_same([*frames, *session.poll()], EXPECTED[rate])


EXPECTED = {rate: whole(toy_session(), PCM, rate) for rate in RATES}


@pytest.mark.parametrize("rate", RATES)
def test_a_frame_comes_out_at_its_due_time_plus_the_delay(rate: int) -> None:
    """`delay_ms` is what the resampler adds: with so much more audio, and no more, the frame is there."""
    session = toy_session(lookahead=80)
    assert session.delay_ms == 5
    session.push(PCM[:0], rate)
    assert session.delay_ms == pytest.approx(5 + Resampler(rate).delay_ms)
    due = 534 / 16_000 + session.delay_ms / 1000
    enough = math.ceil(due * rate)
    session.push(PCM[: enough - math.ceil(rate / 16_000) - 1])
    assert list(session.poll()) == []
    session.push(PCM[enough - math.ceil(rate / 16_000) - 1 : enough + 1])
    assert [frame.due_sample for frame in session.poll()] == [534]


def test_no_delay_at_16_khz() -> None:
    session = toy_session()
    session.push(PCM[:HOP], 16_000)
    assert session.delay_ms == 0


def test_counts_of_bad_samples_are_of_the_pushed_rate() -> None:
    session = toy_session()
    session.push(np.full(480, np.nan, np.float32), 48_000)
    assert session.report.non_finite_samples == 480
    assert session.report.samples < 160
