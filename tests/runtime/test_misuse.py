"""Every way to use a session wrongly has its error, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import AudioError, NowfaceError, SessionError, UsageError
from sdk.runtime import Session
from tests.runtime.streams import TOY, TOY_EXECUTOR, as_float, assert_same, noise, toy_pipeline, toy_session, whole

PCM = noise(6_000)
GOOD = TOY.parameters


@pytest.mark.parametrize(
    ("pcm", "match"),
    [
        ([0.0, 0.1], "a list is not an array"),
        (b"\0\0", "a bytes is not an array"),
        (None, "a NoneType is not an array"),
        (np.zeros(5), "type is float64"),
        (np.zeros(5, np.int32), "type is int32"),
        (np.zeros(5, np.uint8), "type is uint8"),
        (np.zeros(5, ">i2"), "type is >i2"),
        (np.zeros(5, np.complex64), "type is complex64"),
        (np.float32(0.5), "a float32 is not an array"),
        (np.zeros((5, 2), np.int16), r"shape is \(5, 2\)"),
        (np.zeros((1, 5), np.float32), r"shape is \(1, 5\)"),
        (np.zeros((), np.float32), r"shape is \(\)"),
    ],
)
def test_samples_of_another_kind(pcm: object, match: str) -> None:
    session = toy_session()
    session.push(PCM[:1_000])
    with pytest.raises(AudioError, match=match):
        session.push(pcm)
    session.push(PCM[1_000:])
    session.flush()
    assert_same(list(session.poll()), whole(toy_session(), PCM))


@pytest.mark.parametrize("rate", [0, -16_000, 3_999, 768_001, 16_000.5, float("nan")])
def test_an_impossible_rate(rate: float) -> None:
    session = toy_session()
    with pytest.raises(AudioError, match="Hz cannot be resampled"):
        session.push(PCM, sample_rate=rate)
    assert_same(whole(session, PCM, 48_000), whole(toy_session(), PCM, 48_000))


@pytest.mark.parametrize(("first", "then"), [(48_000, 44_100), (None, 48_000), (48_000, 16_000)])
def test_the_rate_is_fixed_by_the_first_push(first: int | None, then: int) -> None:
    session = toy_session()
    session.push(PCM[:100], first)
    with pytest.raises(SessionError, match=f"{then} Hz after {first or 16_000} Hz in one stream"):
        session.push(PCM, then)
    session.push(PCM[100:])
    session.flush()
    assert_same(list(session.poll()), whole(toy_session(), PCM, first))
    session.reset()
    assert_same(whole(session, PCM, then), whole(toy_session(), PCM, then))


def test_after_flush() -> None:
    session = toy_session()
    session.push(PCM)
    session.flush()
    with pytest.raises(SessionError, match="push: the stream was flushed; call reset"):
        session.push(PCM)
    with pytest.raises(SessionError, match="flush: the stream was flushed already; call reset"):
        session.flush()
    assert_same(list(session.poll()), whole(toy_session(), PCM))
    session.reset()
    session.push(PCM)


def test_after_close() -> None:
    with toy_session() as session:
        session.push(PCM)
        iterator = session.poll()
        next(iterator)
        snapshot = session.snapshot()
        report = session.report
    session.close()
    uses = (
        lambda: session.push(PCM),
        session.poll,
        lambda: next(iterator),
        session.flush,
        session.reset,
        session.snapshot,
        lambda: session.restore(snapshot),
        session.__enter__,
        lambda: session.next_sample,
        lambda: session.delay_ms,
    )
    for use in uses:
        with pytest.raises(SessionError, match="session: it is closed; open a new one"):
            use()
    assert session.report == report
    assert_same(whole(toy_session(), PCM), whole(toy_session(), PCM))


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"style": GOOD["style"]}, r"parameter template: missing; give numbers of shape \(5, 3\)"),
        ({**GOOD, "mood": 1}, "parameter mood: the model has no such parameter; it has template, style"),
        ({**GOOD, "template": np.zeros((4, 3))}, r"parameter template: its shape is \(4, 3\); .* \(5, 3\) in mm"),
        ({**GOOD, "style": np.zeros(2)}, r"parameter style: its shape is \(2,\)"),
        ({**GOOD, "style": [[1, np.nan]]}, "parameter style: it holds a value that is not finite"),
        ({**GOOD, "style": [[1, 1e300]]}, "parameter style: it holds a value that is not finite"),
        ({**GOOD, "style": [["a", "b"]]}, "parameter style: its type is <U1"),
        ({**GOOD, "style": [[1, 2], [3]]}, "parameter style: not an array"),
        ({**GOOD, "style": None}, "parameter style: its type is object"),
    ],
)
def test_parameters(parameters: dict, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        Session(toy_pipeline(), TOY_EXECUTOR, parameters)


def test_parameters_are_copied_and_converted() -> None:
    template = GOOD["template"].astype(np.float64).copy()
    session = Session(toy_pipeline(), TOY_EXECUTOR, {"template": template, "style": [[1, 0]]})
    template[:] = np.nan
    assert_same(whole(session, PCM), whole(toy_session(), PCM))


@pytest.mark.parametrize("interval", [0, -1])
def test_a_health_interval_below_one(interval: int) -> None:
    with pytest.raises(UsageError, match="health_interval"):
        toy_session(health_interval=interval)


def test_errors_are_one_line() -> None:
    with pytest.raises(NowfaceError) as caught:
        toy_session().push(np.zeros((2, 2)))
    assert "\n" not in str(caught.value)


def test_empty_pushes_are_nothing() -> None:
    session = toy_session()
    session.push(PCM[:0], 48_000)
    session.push(as_float(PCM[:0]))
    assert list(session.poll()) == []
    session.flush()
    assert list(session.poll()) == []
    assert session.report.samples == 0


def test_flush_of_nothing_gives_no_frame() -> None:
    session = toy_session()
    session.flush()
    assert list(session.poll()) == []
