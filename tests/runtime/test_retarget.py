"""Retargeting: the stated arithmetic to the bit, limits always, nothing when off, and sessions that live with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sdk.bundle import TraceRecorder
from sdk.errors import SessionError, UsageError
from sdk.runtime import ChannelRule, Knob, Retarget, Session
from sdk.runtime.frame import Frame
from sdk.runtime.retarget import (
    ARRIVED,
    RetargetPlan,
    RetargetState,
    plan_retarget,
    retarget_frame,
    smoothing_delay_ms,
    with_strength,
)
from sdk.spec import FrameRate
from tests.runtime.streams import assert_same, noise, ramp, ramp_pipeline, ramp_session, toy_session, whole

NAMES = ("open", "close", "press", "wide")
RATE = FrameRate(num=30)
FACE = ("h0", "h1", "h2", "newest", "phase", "count")
"""What `ramp_session` puts out, as if it were channels."""

numbers = st.floats(-65504, 65504, width=32)
rules = st.builds(
    lambda gain, offset, limits, smoothing: ChannelRule(
        gain=gain, offset=offset, low=min(limits), high=max(limits), smoothing_ms=smoothing
    ),
    st.floats(-16, 16),
    numbers,
    st.tuples(numbers, numbers),
    st.sampled_from([0.0, 0.01, 20.0, 10_000.0]) | st.floats(0, 10_000),
)
knobs = st.builds(
    lambda strength, sides: Knob(
        strength=strength,
        channels=tuple(n for n, side in zip(NAMES, sides, strict=True) if side == 1),
        closing=tuple(n for n, side in zip(NAMES, sides, strict=True) if side == 2),
    ),
    st.floats(0, 2),
    st.tuples(*[st.integers(0, 2)] * 4),
)
retargets = st.builds(
    Retarget,
    channels=st.dictionaries(st.sampled_from(NAMES), rules, max_size=4),
    other_channels=st.just(ChannelRule()) | rules,
    knobs=st.dictionaries(st.sampled_from(["jaw", "lips", "brows"]), knobs, max_size=3),
)
streams = arrays(np.float32, st.tuples(st.integers(1, 12), st.just(4)), elements=st.floats(width=32))


def run(plan: RetargetPlan, values: np.ndarray, frames: list[int] | None = None) -> np.ndarray:
    """A stream of frames (T, channels) from the start."""
    state, shown = RetargetState(), []
    for frame, row in zip(frames or range(len(values)), values, strict=True):
        out, state = retarget_frame(plan, frame, row, state)
        shown.append(out)
    return np.stack(shown)


def by_hand(plan: RetargetPlan, values: np.ndarray) -> np.ndarray:
    """The same in plain scalars, an operation a line."""
    shown = np.zeros_like(values)
    with np.errstate(all="ignore"):
        for t, row in enumerate(values):
            for c, value in enumerate(row):
                low, high, pole = plan.low[c], plan.high[c], plan.pole[c]
                goal = value if math.isfinite(value) else np.float32(0)
                goal = np.float32(goal * plan.gain[c])
                goal = np.float32(goal + plan.offset[c])
                goal = low if goal < low else high if goal > high else goal
                shown[t, c] = goal
                if t == 0 or pole >= 1:
                    continue
                away = np.float32(goal - shown[t - 1, c])
                if abs(away) >= ARRIVED:
                    moved = np.float32(pole * away)
                    moved = np.float32(shown[t - 1, c] + moved)
                    shown[t, c] = low if moved < low else high if moved > high else moved
    return shown


@settings(deadline=None, max_examples=200)
@given(retarget=retargets, values=streams)
def test_the_arithmetic_is_the_stated_one(retarget: Retarget, values: np.ndarray) -> None:
    plan = plan_retarget(retarget, NAMES, RATE)
    shown = run(plan, values)
    assert shown.dtype == np.float32
    assert shown.tobytes() == by_hand(plan, values).tobytes()


@settings(deadline=None, max_examples=200)
@given(retarget=retargets, values=streams, gaps=st.lists(st.integers(1, 10**6), min_size=12, max_size=12))
def test_no_number_leaves_that_is_not_finite_or_within_the_limits(
    retarget: Retarget, values: np.ndarray, gaps: list[int]
) -> None:
    frames = [int(frame) for frame in np.cumsum(gaps[: len(values)])]
    shown = run(plan_retarget(retarget, NAMES, RATE), values, frames)
    assert np.isfinite(shown).all()
    for column, name in zip(shown.T, NAMES, strict=True):
        rule = retarget.channels.get(name, retarget.other_channels)
        assert rule.low is None or (column >= np.float32(rule.low)).all()
        assert rule.high is None or (column <= np.float32(rule.high)).all()


@settings(deadline=None, max_examples=100)
@given(values=arrays(np.float32, (3, 4), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_what_changes_nothing_changes_no_bit(values: np.ndarray) -> None:
    still = Retarget(
        channels={"open": ChannelRule(offset=0.0)}, knobs={"jaw": Knob(channels=("open",), closing=("press",))}
    )
    assert run(plan_retarget(still, NAMES, RATE), values).tobytes() == values.tobytes()


def test_gain_and_offset_and_limits_act_at_once() -> None:
    plan = plan_retarget(Retarget(channels={"open": ChannelRule(gain=2, offset=-0.5, low=0, high=1)}), NAMES, RATE)
    values = np.zeros((4, 4), np.float32)
    values[:, 0] = 0.125, 0.5, 0.625, 4
    np.testing.assert_array_equal(run(plan, values)[:, 0], [0, 0.5, 0.75, 1])


def test_knobs_scale_what_they_name_and_spare_what_closes() -> None:
    jaw = Knob(channels=("open", "close"), closing=("press",))
    lips = Knob(channels=("wide",), closing=("press",))
    plan = plan_retarget(Retarget(knobs={"lips": lips, "jaw": jaw}), NAMES, RATE)
    np.testing.assert_array_equal(with_strength(plan, "jaw", 0.5).gain, [0.5, 0.5, 1, 1])
    np.testing.assert_array_equal(with_strength(plan, "jaw", 1.5).gain, [1.5, 1.5, 1.5, 1])
    both = with_strength(with_strength(plan, "jaw", 2), "lips", 0.25)
    np.testing.assert_array_equal(both.gain, [2, 2, 2, 0.25])
    assert both.retarget.knobs["lips"].strength == 0.25
    assert plan.retarget.knobs["lips"].strength == 1


@pytest.mark.parametrize("strength", [-0.1, 2.1, math.nan, math.inf])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    plan = plan_retarget(Retarget(knobs={"jaw": Knob()}), NAMES, RATE)
    with pytest.raises(UsageError, match="not within 0 and 2"):
        with_strength(plan, "jaw", strength)
    with pytest.raises(UsageError, match="it has jaw"):
        with_strength(plan, "lips", 1)


def smoothed(smoothing_ms: float, rate: FrameRate) -> RetargetPlan:
    return plan_retarget(Retarget(other_channels=ChannelRule(smoothing_ms=smoothing_ms)), ("a",), rate)


@pytest.mark.parametrize("rate", ["24", "29.97", "60", "120"])
def test_a_step_is_made_in_the_same_time_at_every_frame_rate(rate: str) -> None:
    """63.2 % after one time constant, whatever the rate: the course follows the exponential at every frame."""
    frame_rate = FrameRate.parse(rate)
    count = 60
    shown = run(smoothed(100, frame_rate), np.r_[0, np.ones(count - 1)].astype(np.float32)[:, None])[:, 0]
    seconds = np.arange(count) / float(frame_rate.fraction)
    np.testing.assert_allclose(shown, 1 - np.exp(-seconds / 0.1), atol=1e-5)


def test_frames_that_were_skipped_count_as_time() -> None:
    plan = smoothed(80, RATE)
    steady = run(plan, np.array([[0], [1], [1], [1], [1]], np.float32))
    jumped = run(plan, np.array([[0], [1]], np.float32), [0, 4])
    np.testing.assert_allclose(jumped[-1], steady[-1], rtol=1e-6)


@pytest.mark.parametrize("smoothing_ms", [20, 50, 200])
def test_the_stated_delay_is_the_measured_one(smoothing_ms: float) -> None:
    """A movement of constant speed is shown late by the group delay at 0 Hz."""
    speed = 1 / 64
    shown = run(smoothed(smoothing_ms, RATE), (np.arange(300) * speed).astype(np.float32)[:, None])[:, 0]
    late_frames = 299 - shown[-1] / speed
    assert late_frames * 1000 / 30 == pytest.approx(smoothing_delay_ms(smoothing_ms, RATE), rel=1e-3)
    assert smoothing_delay_ms(smoothing_ms, RATE) < smoothing_ms
    assert smoothing_delay_ms(0, RATE) == 0


def test_a_smoothed_channel_comes_to_rest() -> None:
    values = np.zeros((60, 1), np.float32)
    values[:5] = 1
    shown = run(smoothed(100, RATE), values)
    assert shown[10] > 0.1
    assert shown[-1] == 0


def test_a_limit_does_not_hold_the_filter_up() -> None:
    """A value far beyond its limit is left as fast as the limit itself would be."""
    rule = ChannelRule(gain=10, high=1, smoothing_ms=50)
    plan = plan_retarget(Retarget(other_channels=rule), ("a",), RATE)
    shown = run(plan, np.r_[np.ones(9), np.zeros(2)].astype(np.float32)[:, None])[:, 0]
    assert shown[8] == 1
    assert shown[9] < 0.6


@pytest.mark.parametrize(
    ("retarget", "words"),
    [
        (Retarget(channels={"opem": ChannelRule()}), "it has open"),
        (Retarget(knobs={"jaw": Knob(channels=("nothing alike",))}), "its channels are open, close, press"),
        (Retarget(knobs={"jaw": Knob(closing=("pres",))}), "it has press"),
    ],
)
def test_a_name_that_is_none_is_refused(retarget: Retarget, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan_retarget(retarget, NAMES, RATE)


# Sessions.

SMOOTH = Retarget(
    channels={"count": ChannelRule(gain=0.5, smoothing_ms=120), "newest": ChannelRule(offset=3)},
    knobs={"jaw": Knob(channels=("newest", "count"))},
)
PCM = ramp(8_000)


def face(retarget: Retarget | None = SMOOTH, **options: Any) -> Session:
    return ramp_session(retarget=retarget, channels=FACE, **options)


def values_of(frames: list[Frame]) -> np.ndarray:
    return np.stack([frame.values.reshape(-1) for frame in frames])


def test_a_session_shows_what_the_function_says_and_keeps_what_the_model_gave() -> None:
    with face(None) as plain, face() as session:
        given, shown = whole(plain, PCM), whole(session, PCM)
    plan = plan_retarget(SMOOTH, FACE, RATE)
    assert values_of(shown).tobytes() == run(plan, values_of(given)).tobytes()
    for one, other in zip(shown, given, strict=True):
        np.testing.assert_array_equal(one.outputs["face.seen"], other.outputs["face.seen"])


@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 8_000), max_size=8))
def test_chunks_change_nothing(cuts: list[int]) -> None:
    with face() as once, face() as session:
        wanted, got = whole(once, PCM), []
        for piece in np.split(PCM, sorted(cuts)):
            session.push(piece)
            got += session.poll()
        session.flush()
        got += session.poll()
    assert_same(got, wanted)


def test_off_is_off() -> None:
    pcm = noise(4_000)
    with toy_session() as plain, toy_session(retarget=None) as off:
        assert_same(whole(off, pcm), whole(plain, pcm))


def test_a_snapshot_holds_the_filter() -> None:
    with face() as session, face() as other:
        session.push(PCM[:4_000])
        list(session.poll())
        snapshot = session.snapshot()
        session.push(PCM[4_000:])
        wanted = list(session.poll())
        other.restore(snapshot)
        other.push(PCM[4_000:])
        assert_same(list(other.poll()), wanted)


def test_a_snapshot_passes_between_sessions_with_and_without() -> None:
    with face() as session, face(None) as plain, face(None) as reference:
        for each in (session, plain, reference):
            each.push(PCM[:4_000])
            list(each.poll())
        reference.push(PCM[4_000:])
        wanted = values_of(list(reference.poll()))
        on, off = session.snapshot(), plain.snapshot()
        plain.restore(on)
        plain.push(PCM[4_000:])
        np.testing.assert_array_equal(values_of(list(plain.poll())), wanted)
        session.restore(off)
        session.push(PCM[4_000:])
        # Nothing was shown before: the filter begins at the first frame's value.
        np.testing.assert_array_equal(values_of(list(session.poll()))[0, 5], wanted[0, 5] / 2)


def test_a_reset_forgets_the_filter() -> None:
    with face() as session:
        first = whole(session, PCM)
        session.reset()
        assert_same(whole(session, PCM), first)


def test_a_trace_is_that_of_a_plain_session() -> None:
    traces = []
    for retarget in (None, SMOOTH):
        recorder = TraceRecorder(ramp_pipeline(), {"target": "ramp", "precision": "fp32", "model": "ramp"})
        with face(retarget, observer=recorder) as session:
            whole(session, PCM)
        traces.append(recorder.trace)
    plain, retargeted = traces
    np.testing.assert_array_equal(retargeted.outputs["face.seen"], plain.outputs["face.seen"])
    np.testing.assert_array_equal(retargeted.digests, plain.digests)


def test_a_frame_belongs_to_the_app() -> None:
    with face() as session, face() as vandal:
        wanted = whole(session, PCM)
        vandal.push(PCM)
        vandal.flush()
        for frame, other in zip(vandal.poll(), wanted, strict=True):
            np.testing.assert_array_equal(frame.values, other.values)
            frame.values[:] = np.nan


def test_a_knob_turns_between_two_polls() -> None:
    knob = Retarget(knobs={"jaw": Knob(channels=("count",))})
    with face(knob) as session:
        session.push(PCM)
        strengths = [1, 0, 0.5, 2]
        for number, strength in enumerate(strengths, start=1):
            session.set_strength("jaw", strength)
            assert next(session.poll()).values[5] == number * strength


def test_a_retarget_can_be_changed_and_taken_away() -> None:
    with face(None) as session:
        session.push(PCM)
        polled = session.poll()
        assert next(polled).values[5] == 1
        session.set_retarget(Retarget(channels={"count": ChannelRule(gain=4)}))
        assert next(polled).values[5] == 8
        session.set_retarget(None)
        assert next(polled).values[5] == 3


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(UsageError, match="vertices"):
        toy_session(retarget=SMOOTH)
    with pytest.raises(UsageError, match="no such channel"):
        face(Retarget(channels={"jawOpen": ChannelRule()}))
    with face(None) as session, pytest.raises(UsageError, match="does not retarget"):
        session.set_strength("jaw", 1)
    with pytest.raises(SessionError, match="closed"):
        session.set_retarget(None)
    with pytest.raises(SessionError, match="closed"):
        session.set_strength("jaw", 1)
