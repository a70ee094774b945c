"""However samples are cut into pushes, and wherever polls fall, the frames are the same to the bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.runtime import Frame, Session
from tests.runtime.streams import FRAME_RATES, as_float, assert_same, noise, take, toy_pipeline, toy_session, whole

PCM = noise(12_000)

lengths = st.one_of(st.just(1), st.integers(0, 40), st.integers(0, 700), st.integers(0, len(PCM)))
pushes = st.tuples(st.just("push"), lengths, st.booleans())
polls = st.tuples(st.just("poll"), st.integers(0, 5), st.booleans())
plans = st.lists(st.one_of(pushes, polls), max_size=40)


def play(session: Session, pcm: np.ndarray, plan: list[tuple[str, int, bool]]) -> list[Frame]:
    """Push and poll as `plan` says, int16 and float32 mixed, then the rest in one go."""
    frames: list[Frame] = []
    done = 0
    for what, count, flag in plan:
        if what == "push":
            chunk = pcm[done : done + count]
            session.push(as_float(chunk) if flag else chunk)
            done += len(chunk)
        else:
            frames += session.poll() if flag else take(session, count)
    session.push(pcm[done:])
    session.flush()
    frames += take(session, 2)
    return [*frames, *session.poll()]


EXPECTED = {(fps, ahead): whole(toy_session(fps, ahead), PCM) for fps in ("29.97", "120") for ahead in (0, 777)}


@given(plan=plans, stream=st.sampled_from(sorted(EXPECTED)))
@settings(deadline=None, max_examples=40)
def test_any_chunking_gives_the_same_frames(plan: list[tuple[str, int, bool]], stream: tuple[str, int]) -> None:
    """Oracle: the same stream pushed in one go, itself held against a plain loop in test_plain_loop.py."""
    assert_same(play(toy_session(*stream), PCM, plan), EXPECTED[stream])


def test_one_sample_at_a_time() -> None:
    session = toy_session("120")
    frames = []
    for sample in range(3_000):
        session.push(PCM[sample : sample + 1])
        frames += session.poll()
    assert_same(frames, whole(toy_session("120"), PCM[:3_000])[: len(frames)])
    assert len(frames) == 3_000 * 120 // 16_000


def test_strided_and_reused_buffers() -> None:
    """The session copies: the app may hand in a channel of an interleaved buffer and overwrite it at once."""
    session = toy_session()
    buffer = np.zeros((500, 2), np.int16)
    for first in range(0, len(PCM), 500):
        buffer[:, 1] = PCM[first : first + 500]
        session.push(buffer[:, 1])
        buffer[:] = 32_767
    session.flush()
    assert_same(list(session.poll()), whole(toy_session(), PCM))


def test_pushing_while_iterating() -> None:
    session = toy_session()
    session.push(PCM[:2_000])
    frames = []
    for frame in session.poll():
        frames.append(frame)
        if len(frames) == 2:
            session.push(PCM[2_000:])
    session.flush()
    assert_same([*frames, *session.poll()], whole(toy_session(), PCM))


@pytest.mark.parametrize("lookahead", [0, 5_000])
@pytest.mark.parametrize("fps", FRAME_RATES)
def test_frame_count_after_flush(fps: str, lookahead: int) -> None:
    """Oracle: ``ceil(N * rate / 16000)`` in fractions."""
    rate = toy_pipeline(fps).frame_rate.fraction
    for samples in (0, 1, 133, 134, 533, 534, 535, 1_067, 4_000):
        session = toy_session(fps, lookahead)
        frames = whole(session, PCM[:samples])
        assert [frame.index for frame in frames] == list(range(math.ceil(samples * rate / 16_000)))
        assert session.report.frames == len(frames)
        padded = session.report.samples - samples
        assert 0 <= padded <= lookahead + math.ceil(16_000 / rate)


def test_flush_between_polls_pads_with_silence() -> None:
    """Oracle: the same stream with the zeros pushed by hand."""
    frames = whole(toy_session(), PCM[:5_000])
    by_hand = toy_session()
    by_hand.push(np.concatenate([PCM[:5_000], np.zeros(400, np.int16)]))
    assert_same(frames, take(by_hand, len(frames)))
