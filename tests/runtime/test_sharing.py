"""Several sessions on one executor do not disturb each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.runtime import Frame
from tests.runtime.streams import assert_same, noise, take, toy_session, whole

STREAMS = [noise(6_000, seed) for seed in range(3)]
RATES = ("30", "72", "25")
ALONE = [whole(toy_session(fps), pcm) for fps, pcm in zip(RATES, STREAMS, strict=True)]


@given(turns=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1_500), st.integers(0, 6)), max_size=30))
@settings(deadline=None, max_examples=20)
def test_in_turns(turns: list[tuple[int, int, int]]) -> None:
    """Oracle: each stream alone."""
    sessions = [toy_session(fps) for fps in RATES]
    done, frames = [0, 0, 0], [list[Frame]() for _ in RATES]
    for who, count, polled in turns:
        sessions[who].push(STREAMS[who][done[who] : done[who] + count])
        done[who] = min(done[who] + count, len(STREAMS[who]))
        frames[who] += take(sessions[who], polled)
    for who, session in enumerate(sessions):
        session.push(STREAMS[who][done[who] :])
        session.flush()
        assert_same([*frames[who], *session.poll()], ALONE[who])


def test_in_threads() -> None:
    """One session a thread, one executor for all."""
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            jobs = [pool.submit(whole, toy_session(fps), pcm) for fps, pcm in zip(RATES, STREAMS, strict=True)]
            for job, expected in zip(jobs, ALONE, strict=True):
                assert_same(job.result(), expected)


def test_frames_are_the_callers() -> None:
    """Writing into a frame reaches neither later frames nor the frame of another poll."""
    session = toy_session()
    session.push(STREAMS[0])
    session.flush()
    kept = []
    for frame in session.poll():
        kept.append(
            Frame(frame.index, frame.due_sample, frame.values.copy(), {n: a.copy() for n, a in frame.outputs.items()})
        )
        frame.values[:] = np.inf
        for array in frame.outputs.values():
            array[:] = np.nan
    assert_same(kept, ALONE[0])
