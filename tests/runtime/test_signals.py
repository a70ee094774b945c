"""What an app gives beside the sound: which frame sees which value, whatever the order of the calls."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import NowfaceError, SessionError, UsageError
from sdk.runtime import Frame, Session
from sdk.runtime.signals import ROWS_KEPT
from tests.runtime.choices import PCM, choice_session, echo_session
from tests.runtime.streams import as_float, assert_same, take, toy_session, whole
from tests.toy_choice import SCORES, tracked

SOUND = np.zeros(1_600, np.float32)
"""Ten frames of the echo, due at 160, 320, ... 1600."""
Row = tuple[int, float]


def marks(frames: Sequence[Frame]) -> list[float]:
    return [float(frame.values[0]) for frame in frames]


def cue(session: Session, mark: float, sample: int | None = None) -> None:
    session.push_signal("cue", {"mark": [mark]}, sample=sample)


def played(rows: Sequence[Row], lookahead: int = 0, hold: int = 1_000) -> list[float]:
    """The marks that ten frames see when all values are there before the sound."""
    session = echo_session(lookahead, hold)
    for sample, mark in rows:
        cue(session, mark, sample)
    return marks(whole(session, SOUND))


def by_hand(rows: Sequence[Row], lookahead: int, hold: int) -> list[float]:
    """The rule of `SignalSpec`, looked up anew for each frame."""
    seen = []
    for frame in range(10):
        until = 160 * (frame + 1) + lookahead
        past = [(sample, mark) for sample, mark in rows if sample <= until]
        sample, mark = past[-1] if past else (-1, 0.0)
        seen.append(mark if past and until - sample <= hold else 0.0)
    return seen


def test_a_frame_sees_what_was_captured_up_to_its_due_sample() -> None:
    assert played([(160, 1), (321, 2), (480, 3)]) == [1, 1, 3, 3, 3, 3, 3, 3, 3, 0]


def test_a_lookahead_sees_further() -> None:
    assert played([(200, 1), (321, 2)], lookahead=40) == [1, 2, 2, 2, 2, 2, 2, 2, 0, 0]


def test_a_value_is_held_for_as_long_as_its_signal_says_and_not_a_sample_longer() -> None:
    assert played([(160, 1)], hold=320) == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert played([(160, 1)], hold=319) == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert played([(160, 1), (161, 2)], hold=0) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def test_of_two_values_of_one_time_the_later_pushed_counts() -> None:
    assert played([(160, 1), (160, 2)])[:2] == [2, 2]


def test_an_old_value_is_not_shown_in_place_of_a_newer_one_that_expired() -> None:
    """Nothing is known: the older value is older still."""
    assert played([(100, 1), (160, 2)], hold=200)[:3] == [2, 2, 0]


rows = st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 99).map(float)), max_size=12).map(
    lambda drawn: sorted(drawn, key=lambda row: row[0])
)


@given(rows=rows, lookahead=st.sampled_from([0, 1, 160, 500]), hold=st.integers(0, 1_500))
@settings(deadline=None, max_examples=60)
def test_every_frame_follows_the_rule(rows: list[Row], lookahead: int, hold: int) -> None:
    assert played(rows, lookahead, hold) == by_hand(rows, lookahead, hold)


def test_without_any_value_frames_see_zeros() -> None:
    assert played([]) == [0] * 10


def test_signals_do_not_mix() -> None:
    session = echo_session()
    cue(session, 7, 100)
    session.push_signal("touch", {"pair": np.array([1, 2])}, sample=320)
    frames = whole(session, SOUND)
    assert [frame.values.tolist() for frame in frames[:3]] == [[7, 0, 0], [7, 1, 2], [7, 0, 0]]


def test_late_values_serve_the_frames_that_follow() -> None:
    session = echo_session()
    session.push(SOUND[:800])
    early = marks(list(session.poll()))
    cue(session, 5, 300)
    session.push(SOUND[800:])
    session.flush()
    assert early + marks(list(session.poll())) == [0] * 5 + [5, 5, 5, 0, 0]


def test_without_a_time_a_value_belongs_to_the_end_of_the_sound_so_far() -> None:
    session = echo_session()
    cue(session, 1)
    session.push(SOUND[:400])
    cue(session, 2)
    session.push(SOUND[400:])
    session.flush()
    assert marks(list(session.poll())) == played([(0, 1), (400, 2)])


def test_values_are_copied_and_converted() -> None:
    session = echo_session()
    mark = np.array([4.0])
    session.push_signal("cue", {"mark": mark}, sample=0)
    mark[:] = np.nan
    assert marks(whole(session, SOUND))[:6] == [4] * 6


SEEN_AT = [0, 267, 534, 801, 5_000, 5_000, 9_999, 16_000]
TRACKED = tracked(len(SEEN_AT))


def track(session: Session, row: int) -> None:
    values = {name: value[row] for name, value in TRACKED.items()}
    session.push_signal("tracker", values, sample=SEEN_AT[row])


def tracked_stream(**options: object) -> list[Frame]:
    session = choice_session("60", 50, seed=3, **options)
    for row in range(len(SEEN_AT)):
        track(session, row)
    return whole(session, PCM)


EXPECTED = tracked_stream()
pushes = st.tuples(st.just("push"), st.one_of(st.integers(0, 700), st.integers(0, len(PCM))), st.booleans())
polls = st.tuples(st.just("poll"), st.integers(0, 5), st.booleans())


@given(plan=st.lists(st.one_of(pushes, polls), max_size=20), early=st.lists(st.integers(0, 3), max_size=8))
@settings(deadline=None, max_examples=20)
def test_cuts_and_polls_change_nothing(plan: list[tuple[str, int, bool]], early: list[int]) -> None:
    """Each value is pushed at some time before the sound that the first frame to see it needs."""
    session = choice_session("60", 50, seed=3)
    frames: list[Frame] = []
    done = row = 0
    ahead = iter(early)
    for what, count, flag in [*plan, ("push", len(PCM), False)]:
        if what == "poll":
            frames += session.poll() if flag else take(session, count)
            continue
        chunk = PCM[done : done + count]
        done += len(chunk)
        until = row + next(ahead, 0)
        while row < len(SEEN_AT) and (row < until or SEEN_AT[row] <= done):
            track(session, row)
            row += 1
        session.push(as_float(chunk) if flag else chunk)
    session.flush()
    assert_same([*frames, *session.poll()], EXPECTED)


def test_signals_move_the_toy() -> None:
    """The tests around it would hold for a session that ignores signals, too."""
    without = whole(choice_session("60", 50, seed=3), PCM)
    differ = [a.values.tobytes() != b.values.tobytes() for a, b in zip(EXPECTED, without, strict=True)]
    assert any(differ)
    assert EXPECTED[0].outputs[SCORES].tobytes() != without[0].outputs[SCORES].tobytes()


@pytest.mark.parametrize("stored", [False, True], ids=["same process", "pickled"])
@pytest.mark.parametrize("polled", [0, 9, 40])
def test_a_snapshot_keeps_the_values_that_wait(polled: int, *, stored: bool) -> None:
    session = choice_session("60", 50, seed=3)
    for row in range(len(SEEN_AT)):
        track(session, row)
    session.push(PCM[:12_000])
    before = take(session, polled)
    snapshot = session.snapshot()
    # What the first session is given next must not reach the snapshot.
    session.push_signal("tracker", {name: value[0] for name, value in TRACKED.items()}, sample=16_000)
    list(session.poll())
    other = choice_session("60", 50, seed=3)
    other.push_signal("tracker", {name: value[-1] for name, value in TRACKED.items()}, sample=12_000)
    other.restore(pickle.loads(pickle.dumps(snapshot)) if stored else snapshot)
    other.push(PCM[12_000:])
    other.flush()
    assert_same([*before, *other.poll()], EXPECTED)
    assert other.report.signals == len(SEEN_AT)


def test_the_seed_is_the_session_s_own() -> None:
    """A snapshot carries none, as it carries no parameters: the session that goes on draws by its own."""
    first, other = choice_session(seed=3), choice_session(seed=4)
    first.push(PCM)
    take(first, 3)
    other.restore(first.snapshot())
    assert [f.index for f in take(other, 2)] == [3, 4]
    again = choice_session(seed=3)
    again.restore(first.snapshot())
    assert_same(list(again.poll()), list(first.poll()))


def test_reset_forgets_values_their_time_and_their_count() -> None:
    session = echo_session()
    cue(session, 5, 1_000)
    session.push(SOUND)
    session.reset()
    assert session.report.signals == 0
    cue(session, 6, 0)
    assert marks(whole(session, SOUND)) == played([(0, 6)])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_not_finite_are_not_taken_in(wrong: float) -> None:
    session = echo_session()
    cue(session, 1, 0)
    cue(session, wrong, 200)
    # It left no trace: a value of a time before it is still in order.
    cue(session, 2, 150)
    assert marks(whole(session, SOUND)) == played([(0, 1), (150, 2)])
    (event,) = session.events
    assert (event.kind, event.sample, event.count) == ("non_finite_signal", 200, 1)
    assert event.message == "cue holds NaN or infinite values: not taken in"
    assert (session.report.signals, session.report.dropped_signals) == (2, 1)


@pytest.mark.parametrize("wrong", [1e30, -1e30, 65_505, -65_505])
def test_values_beyond_the_range_are_not_taken_in(wrong: float) -> None:
    session = echo_session()
    cue(session, 65_504, 0)
    cue(session, wrong, 200)
    cue(session, -65_504, 150)
    assert marks(whole(session, SOUND)) == played([(0, 65_504), (150, -65_504)])
    (event,) = session.events
    assert (event.kind, event.sample, event.count) == ("out_of_range_signal", 200, 1)
    assert event.message == f"cue.mark holds {wrong:g}, beyond -65504 to 65504: not taken in"
    assert (session.report.signals, session.report.dropped_signals) == (2, 1)


def test_both_ends_of_a_range_are_within_it_and_one_value_beyond_it_spoils_all() -> None:
    session = echo_session()
    session.push_signal("touch", {"pair": [-1, 2]}, sample=160)
    session.push_signal("touch", {"pair": [0, 2.001]}, sample=320)
    session.push_signal("touch", {"pair": [-1.001, 0]}, sample=480)
    frames = whole(session, SOUND)
    assert [frame.values[1:].tolist() for frame in frames[:3]] == [[-1, 2], [0, 0], [0, 0]]
    assert [event.kind for event in session.events] == ["out_of_range_signal"] * 2
    assert "touch.pair holds 2.001, beyond -1 to 2" in session.events[0].message


def test_too_many_values_drop_the_oldest_and_tell() -> None:
    session = echo_session(hold=160_000)
    for number in range(ROWS_KEPT + 3):
        cue(session, number + 1, number)
    kinds = [(event.kind, event.sample, event.count) for event in session.events]
    assert kinds == [("dropped_signal", ROWS_KEPT + late, 1) for late in range(3)]
    assert "cue" in session.events[0].message
    assert (session.report.signals, session.report.dropped_signals) == (ROWS_KEPT + 3, 3)
    # The oldest three are gone, all others are where they belong: frame 0 sees sample 160, frame 1 the newest.
    assert marks(whole(session, SOUND))[:2] == [161, ROWS_KEPT + 3]


def test_values_that_were_seen_make_room() -> None:
    """No value is dropped however many come, so long as frames are polled."""
    session = echo_session()
    seen = []
    for number in range(40):
        for sample in range(160 * number, 160 * number + 100):
            cue(session, sample, sample)
        session.push(SOUND[:160])
        seen += marks(list(session.poll()))
    assert seen == [160 * number + 99 for number in range(40)]
    assert (session.report.dropped_signals, session.events) == (0, ())


@pytest.mark.parametrize("poll", [True, False], ids=["polled", "never polled"])
def test_a_long_stream_takes_no_more_memory(*, poll: bool) -> None:
    """A tracker at 100 a second, with the queue full where nobody polls."""
    session = echo_session(queue_seconds=1)

    def seconds(first: int, last: int) -> None:
        for frame in range(100 * first, 100 * last):
            session.push(SOUND[:160])
            cue(session, frame)
            if poll:
                list(session.poll())

    tracemalloc.start()
    seconds(0, 4)
    before = tracemalloc.get_traced_memory()[0]
    seconds(4, 16)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # 1,200 values of a dictionary, an array and a row take 600 kB if they stay.
    assert grown < 50_000
    assert session.report.signals == 1_600


Call = Callable[[Session], object]
MISUSE: list[tuple[str, Call, type[NowfaceError], str]] = [
    (
        "unknown signal",
        lambda s: s.push_signal("face", {"mark": [1]}),
        UsageError,
        "signal face: the model has no such signal; its signals are: cue, touch",
    ),
    (
        "missing tensor",
        lambda s: s.push_signal("cue", {}),
        UsageError,
        r"cue\.mark: missing; give numbers of shape \(1,\)",
    ),
    (
        "unknown tensor",
        lambda s: s.push_signal("cue", {"mark": [1], "note": [1]}),
        UsageError,
        r"cue\.note: the signal has no such tensor; it has mark",
    ),
    ("shape", lambda s: s.push_signal("touch", {"pair": [1, 2, 3]}), UsageError, r"touch\.pair: its shape is \(3,\)"),
    ("scalar", lambda s: s.push_signal("cue", {"mark": 1.0}), UsageError, r"cue\.mark: its shape is \(\)"),
    ("text", lambda s: s.push_signal("cue", {"mark": ["a"]}), UsageError, r"cue\.mark: its type is <U1"),
    ("nothing", lambda s: s.push_signal("cue", {"mark": [None]}), UsageError, r"cue\.mark: its type is object"),
    ("complex", lambda s: s.push_signal("cue", {"mark": [1j]}), UsageError, r"cue\.mark: its type is complex128"),
    ("ragged", lambda s: s.push_signal("touch", {"pair": [[1], [1, 2]]}), UsageError, r"touch\.pair: not an array"),
    ("negative", lambda s: cue(s, 1, -1), UsageError, "signal cue: -1 is no sample index; give a whole number"),
    ("fraction", lambda s: cue(s, 1, 900.5), UsageError, "signal cue: 900.5 is no sample index"),  # type: ignore[arg-type]
    ("truth", lambda s: cue(s, 1, sample=True), UsageError, "signal cue: True is no sample index"),
    (
        "back in time",
        lambda s: cue(s, 1, 499),
        SessionError,
        "signal cue: captured at sample 499, before the newest at 500; push values in the order of their time",
    ),
]


@pytest.mark.parametrize(("use", "error", "match"), [m[1:] for m in MISUSE], ids=[m[0] for m in MISUSE])
def test_misuse_has_its_error_and_changes_nothing(use: Call, error: type[NowfaceError], match: str) -> None:
    session = echo_session()
    cue(session, 1, 500)
    report = session.report
    with pytest.raises(error, match=match) as caught:
        use(session)
    assert "\n" not in str(caught.value)
    assert (session.report, session.events) == (report, ())
    cue(session, 2, 900)
    assert marks(whole(session, SOUND)) == played([(500, 1), (900, 2)])


def test_a_model_without_signals_says_so() -> None:
    with pytest.raises(UsageError, match="signal cue: the model has no such signal; its signals are: none"):
        cue(toy_session(), 1)


def test_after_flush_and_after_close() -> None:
    session = echo_session()
    cue(session, 1, 0)
    session.push(SOUND)
    session.flush()
    with pytest.raises(SessionError, match="push_signal: the stream was flushed; call reset"):
        cue(session, 2, 100)
    assert marks(list(session.poll())) == played([(0, 1)])
    session.close()
    with pytest.raises(SessionError, match="session: it is closed"):
        cue(session, 3, 200)


class Witness:
    """An observer that keeps what it is told, and raises when asked to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, list[float], int]] = []
        self.fail = False

    def on_push(self, pcm: np.ndarray, sample_rate: int) -> None:
        """Not of interest here."""

    def on_signal(self, name: str, values: dict[str, np.ndarray], sample: int) -> None:
        if self.fail:
            raise RuntimeError("the observer gave up")
        self.told.append((name, next(iter(values.values())).tolist(), sample))

    def on_frame(self, frame: Frame, states: object, seconds: float) -> None:
        """Not of interest here."""


def test_the_observer_is_told_of_what_was_accepted_alone() -> None:
    witness = Witness()
    session = echo_session(observer=witness)
    session.push(SOUND[:170])
    cue(session, 1)
    session.push_signal("touch", {"pair": [1, 2]}, sample=900)
    cue(session, np.nan, 1_000)
    with pytest.raises(SessionError):
        cue(session, 1, 3)
    assert witness.told == [("cue", [1.0], 170), ("touch", [1.0, 2.0], 900)]


def test_an_observer_that_raises_keeps_the_value_out() -> None:
    witness = Witness()
    session = echo_session(observer=witness)
    witness.fail = True
    with pytest.raises(RuntimeError):
        cue(session, 1, 0)
    assert session.report.signals == 0
    witness.fail = False
    assert marks(whole(session, SOUND)) == [0] * 10
