"""Retargeting in the C core against the Python reference, to the bit, over real streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_bindings.python.native.library import Library
from runtime_bindings.python.native.session import NativeSession
from sdk.bundle import Bundle
from sdk.errors import SessionError, UsageError
from sdk.runtime import ChannelRule, Knob, Retarget
from sdk.runtime.frame import Frame
from sdk.runtime.retarget import RetargetState, plan_retarget, retarget_frame, with_strength
from tests.bindings.named_toy import CHANNELS
from tests.bindings.native.sessions import Open, opener
from tests.bindings.native.snapshots import content_of, sealed
from tests.bindings.retarget_vectors import assert_same_bits
from tests.bundle.test_retarget_file import REFUSED
from tests.runtime.test_retarget import rules
from tests.toy_bundle import speech_like

SPEECH = speech_like(16_000)
RETARGET = Retarget(
    channels={
        "a": ChannelRule(gain=1.3, offset=-0.07),
        "b": ChannelRule(gain=-0.7, low=-0.1, high=0.25),
        "c": ChannelRule(smoothing_ms=55),
        "d": ChannelRule(gain=1.7, offset=0.1, low=0, high=0.4, smoothing_ms=140),
    },
    other_channels=ChannelRule(gain=0.9),
    knobs={"lips": Knob(strength=0.6, channels=("a", "e"), closing=("f",)), "jaw": Knob(channels=("a", "d"))},
)


@pytest.fixture(scope="module")
def bundle(named_toy: Path) -> Iterator[Bundle]:
    with Bundle.open(named_toy) as opened:
        yield opened


@pytest.fixture(scope="module")
def native(bundle: Bundle, native_library: Library) -> Open:
    """Opens native sessions of the bundle."""
    return opener(bundle, native_library)


def stream(session: object, pcm: np.ndarray, cuts: list[int] | None = None) -> np.ndarray:
    """Values of all frames of a clip pushed in pieces."""
    frames: list[Frame] = []
    for piece in np.split(pcm, sorted(cuts or [])):
        session.push(piece)
        frames += session.poll()
    session.flush()
    frames += session.poll()
    return np.stack([frame.values for frame in frames])


@pytest.fixture(scope="module")
def given_values(native: Open) -> np.ndarray:
    """What the model gives, without a retarget."""
    with native() as session:
        return stream(session, SPEECH)


def test_the_core_gives_the_bits_of_the_python_session(bundle: Bundle, native: Open) -> None:
    with bundle.session("executorch", retarget=RETARGET) as reference, native(retarget=RETARGET) as session:
        wanted = stream(reference, SPEECH)
        assert stream(session, SPEECH, [1, 700, 6_000, 6_001]).tobytes() == wanted.tobytes()
        assert len(wanted) == 30


@settings(deadline=None, max_examples=60)
@given(
    chosen=st.dictionaries(st.sampled_from(CHANNELS), rules, min_size=1),
    strength=st.floats(0, 2, width=32),
    turned=st.floats(0, 2, width=32),
)
def test_any_retarget_gives_the_bits_of_the_function(
    native: Open, given_values: np.ndarray, chosen: dict[str, ChannelRule], strength: float, turned: float
) -> None:
    knobs = {"jaw": Knob(strength=strength, channels=("a", "b"), closing=("c",)), "all": Knob(channels=CHANNELS)}
    retarget = Retarget(channels=chosen, knobs=knobs)
    with native(retarget=retarget) as session:
        plan = plan_retarget(retarget, CHANNELS, session.pipeline.frame_rate)
        state = RetargetState()
        session.push(SPEECH)
        for number, frame in enumerate(session.poll()):
            wanted, state = retarget_frame(plan, frame.index, given_values[number], state)
            assert frame.values.tobytes() == wanted.tobytes()
            if number == 9:
                session.set_strength("all", turned)
                plan = with_strength(plan, "all", turned)
        assert number > 20


def test_wild_numbers_give_the_bits_of_the_function(native_build: Path) -> None:
    assert_same_bits([str(native_build / "retarget_stream")])


def test_frames_that_were_skipped_count_as_time(bundle: Bundle, native: Open) -> None:
    with (
        bundle.session("executorch", retarget=RETARGET, queue_seconds=0.2) as reference,
        native(retarget=RETARGET, queue_seconds=0.2) as session,
    ):
        for each in (reference, session):
            each.push(SPEECH[:2_000])
        assert [f.index for f in reference.poll()] == [f.index for f in session.poll()]
        for each in (reference, session):
            each.push(SPEECH[2_000:])
        wanted, got = list(reference.poll()), list(session.poll())
        assert max(np.diff([f.index for f in wanted])) > 10
        assert [f.values.tobytes() for f in got] == [f.values.tobytes() for f in wanted]


def test_what_the_model_gave_stays_for_traces(native: Open, given_values: np.ndarray) -> None:
    with native(retarget=RETARGET) as session, native() as plain:
        session.push(SPEECH)
        plain.push(SPEECH)
        for frame, other, given in zip(session.poll(), plain.poll(), given_values, strict=False):
            np.testing.assert_array_equal(frame.outputs[session.pipeline.values].reshape(-1), given)
            np.testing.assert_array_equal(session.digests(), plain.digests())
            assert not np.array_equal(frame.values, other.values)


@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, 16_000), max_size=6))
def test_chunks_change_nothing(native: Open, given_values: np.ndarray, cuts: list[int]) -> None:
    with native(retarget=RETARGET) as session:
        got = stream(session, SPEECH, cuts)
    plan, state = plan_retarget(RETARGET, CHANNELS, session.pipeline.frame_rate), RetargetState()
    for number, row in enumerate(given_values):
        wanted, state = retarget_frame(plan, number, row, state)
        assert got[number].tobytes() == wanted.tobytes()


def test_a_snapshot_holds_the_filter_and_is_as_before_without_one(native: Open) -> None:
    with native(retarget=RETARGET) as session, native(retarget=RETARGET) as other, native() as plain:
        session.push(SPEECH[:8_000])
        plain.push(SPEECH[:8_000])
        list(session.poll())
        list(plain.poll())
        snapshot, without = session.snapshot(), plain.snapshot()
        assert len(snapshot) == len(without) + 8 + 4 * len(CHANNELS)
        wanted = stream(session, SPEECH[8_000:])
        other.restore(snapshot)
        assert stream(other, SPEECH[8_000:]).tobytes() == wanted.tobytes()
        # Either kind goes into either session.
        rest = stream(plain, SPEECH[8_000:])
        plain.restore(snapshot)
        np.testing.assert_array_equal(stream(plain, SPEECH[8_000:]), rest)
        other.restore(without)
        begun = stream(other, SPEECH[8_000:])
        assert begun[0, 2] == rest[0, 2]
        assert begun[1, 2] != rest[1, 2]


def test_a_damaged_filter_is_refused(native: Open) -> None:
    with native(retarget=RETARGET) as session:
        session.push(SPEECH)
        list(session.poll())
        snapshot = session.snapshot()
        content = content_of(snapshot)
        assert sealed(content) == snapshot
        nan = np.float32(np.nan).tobytes()
        for damaged in (content[:-1], content + b"\0", content[:-4] + nan, content[:-36]):
            with pytest.raises(SessionError):
                session.restore(sealed(damaged))
        session.restore(snapshot)
        assert session.snapshot() == snapshot


def test_a_reset_forgets_the_filter(native: Open) -> None:
    with native(retarget=RETARGET) as session:
        first = stream(session, SPEECH)
        session.reset()
        assert stream(session, SPEECH).tobytes() == first.tobytes()


def test_a_retarget_can_be_taken_away(native: Open, given_values: np.ndarray) -> None:
    with native(retarget=RETARGET) as session:
        session.push(SPEECH)
        polled = session.poll()
        assert not np.array_equal(next(polled).values, given_values[0])
        session.set_retarget(None)
        np.testing.assert_array_equal(next(polled).values, given_values[1])
        with pytest.raises(UsageError, match="does not retarget"):
            session.set_strength("jaw", 1)


def test_a_slider_acts_on_the_next_frame_polled_while_another_thread_pushes(
    native: Open, given_values: np.ndarray
) -> None:
    """The worker has computed frames ahead: they wait as the model gave them."""
    knob = Retarget(knobs={"all": Knob(channels=CHANNELS)})
    with native(worker=True, retarget=knob) as session:

        def push() -> None:
            for piece in np.split(SPEECH, 100):
                session.push(piece)

        pusher = threading.Thread(target=push)
        pusher.start()
        polled = 0
        while polled < 29:
            strength = (polled % 9) / 4
            session.set_strength("all", strength)
            for frame in session.poll():
                np.testing.assert_array_equal(frame.values, given_values[polled] * np.float32(strength))
                assert frame.outputs == {}
                polled += 1
                break
        pusher.join()


def test_texts_that_python_refuses_are_refused(native: Open) -> None:
    with native(retarget=RETARGET) as session:
        for text, _ in REFUSED:
            with pytest.raises(UsageError) as told:
                session._call("session_set_retarget", text, len(text))
            assert str(told.value).startswith("retarget JSON: ")
            assert "docs/retarget.md" in str(told.value)
        with pytest.raises(UsageError, match="no channel 'z'"):
            session.set_retarget(Retarget(channels={"z": ChannelRule()}))
        with pytest.raises(UsageError, match="it has jaw, lips"):
            session.set_strength("brows", 1)
        for strength in (-0.1, 2.1, np.nan):
            with pytest.raises(UsageError, match="not within 0 and 2"):
                session.set_strength("jaw", strength)
        # A call that fails changes nothing.
        session.set_strength("lips", 0.5)


def test_vertices_have_no_channels(native_toy: Path, native_library: Library) -> None:
    with Bundle.open(native_toy) as vertices, pytest.raises(UsageError, match="vertices"):
        NativeSession(native_toy, vertices.pipeline, vertices.parameters(), library=native_library, retarget=Retarget())
