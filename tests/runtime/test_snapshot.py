"""A stream goes on from a snapshot to the bit, on the same or another session, whatever happened in between."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import SessionError
from sdk.runtime import Session
from tests.runtime.streams import TOY, TOY_EXECUTOR, assert_same, noise, take, toy_pipeline, toy_session, whole

PCM = noise(8_000)
EXPECTED = whole(toy_session("60", 50), PCM)


@given(cut=st.integers(0, len(PCM)), polled=st.integers(0, 50), later=st.integers(0, len(PCM)), other=st.booleans())
@settings(deadline=None, max_examples=25)
def test_goes_on_from_any_point(cut: int, polled: int, later: int, other: bool) -> None:
    """In the middle of a hop, half polled, nothing polled: the frames after a restore are those of one stream."""
    session = toy_session("60", 50)
    session.push(PCM[:cut])
    before = take(session, polled)
    snapshot = session.snapshot()
    # What the first session does next must not reach the snapshot.
    session.push(PCM[cut:][:later])
    for frame in session.poll():
        frame.values[:] = np.nan
    if other:
        session = toy_session("60", 50)
        session.push(noise(3_000, seed=2))
        take(session, 3)
    for _ in range(2):
        session.restore(snapshot)
        session.push(PCM[cut:])
        session.flush()
        assert_same([*before, *session.poll()], EXPECTED)


def test_after_flush_and_between_sample_by_sample_pushes() -> None:
    session = toy_session("60", 50)
    session.push(PCM)
    session.flush()
    before = take(session, 7)
    other = toy_session("60", 50)
    other.restore(session.snapshot())
    with pytest.raises(SessionError, match="flushed"):
        other.push(PCM)
    assert_same([*before, *other.poll()], EXPECTED)
    assert other.report.samples == session.report.samples


def test_survives_a_pickle() -> None:
    session = toy_session("60", 50)
    session.push(PCM[:5_001])
    before = take(session, 9)
    stored = pickle.dumps(session.snapshot())
    other = toy_session("60", 50)
    other.restore(pickle.loads(stored))
    other.push(PCM[5_001:])
    other.flush()
    assert_same([*before, *other.poll()], EXPECTED)


def test_report_goes_with_the_stream_and_events_stay() -> None:
    session = toy_session()
    session.push(np.array([np.nan, 2.0], np.float32))
    snapshot = session.snapshot()
    other = toy_session()
    other.push(np.array([np.inf] * 5, np.float32))
    other.restore(snapshot)
    assert other.report == session.report
    assert other.events == ()


def test_another_face_takes_over_a_stream() -> None:
    """Parameters are the session's own: with another template the same motion rides on the other face."""
    lifted = {**TOY.parameters, "template": TOY.parameters["template"] + 8}
    session = toy_session()
    session.push(PCM)
    take(session, 5)
    other = Session(toy_pipeline(), TOY_EXECUTOR, lifted)
    other.restore(session.snapshot())
    for moved, frame in zip(other.poll(), session.poll(), strict=True):
        np.testing.assert_allclose(moved.values, frame.values + 8, atol=1e-5)


@pytest.mark.parametrize("foreign", [toy_session("25"), toy_session("60", 51), toy_session("30", 50)])
def test_a_foreign_snapshot_is_refused(foreign: Session) -> None:
    session = toy_session("60", 50)
    session.push(PCM)
    before = take(session, 5)
    with pytest.raises(SessionError, match="not of this pipeline"):
        session.restore(foreign.snapshot())
    session.flush()
    assert_same([*before, *session.poll()], EXPECTED)


def test_what_is_no_snapshot_is_refused() -> None:
    with pytest.raises(SessionError, match="not of this pipeline"):
        toy_session().restore({"states": {}})


def test_reset_equals_a_new_session() -> None:
    session = toy_session("60", 50)
    session.push(noise(7_000, seed=3))
    take(session, 11)
    session.push(np.array([np.nan], np.float32))
    session.reset()
    assert session.report == toy_session().report
    assert session.events == ()
    assert session.next_sample == 0
    assert_same(whole(session, PCM), EXPECTED)
    session.reset()
    assert_same(whole(session, PCM), EXPECTED)
