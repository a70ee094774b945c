"""The native session against the Python one on the same programs: of the same sound they make the same frames."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_bindings.python.native.library import _ERRORS, NO_FRAME, Library
from runtime_bindings.python.native.session import NativeSession
from sdk.bundle import Bundle
from sdk.bundle.digest import state_digest
from sdk.errors import BundleError, SessionError, TargetError, UsageError
from sdk.runtime import Session
from sdk.runtime.frame import Frame
from sdk.runtime.observer import Observer
from tests.bindings.native.sessions import opener
from tests.toy_bundle import speech_like
from tests.toy_choice import tracked

SPEECH = speech_like(16_000)
EXPRESSIONS = tracked(8)


class Keeper(Observer):
    """Keeps the digests after each frame."""

    def __init__(self) -> None:
        self.digests: list[np.ndarray] = []

    def on_push(self, pcm: Any, sample_rate: int) -> None: ...

    def on_signal(self, name: str, values: Any, sample: int) -> None: ...

    def on_frame(self, frame: Frame, states: Any, seconds: float) -> None:
        self.digests.append(state_digest({f"{s}.{t}": v for s, leaf in states.items() for t, v in leaf.items()}))


@pytest.fixture(scope="module")
def bundle(native_toy: Path) -> Iterator[Bundle]:
    with Bundle.open(native_toy) as opened:
        yield opened


@pytest.fixture(scope="module")
def native(bundle: Bundle, native_library: Library) -> Any:
    """Opens native sessions of the bundle."""
    return opener(bundle, native_library)


def track(session: Any) -> None:
    """Push half a second of a tracked face, in time for all frames."""
    for row in range(8):
        session.push_signal("tracker", {name: value[row] for name, value in EXPRESSIONS.items()}, sample=1_000 * row)


def drive(session: Any, pcm: np.ndarray, chunks: list[int], rate: int | None = None) -> list[Frame]:
    """Push in chunks with a tracked face beside, poll after each, flush; all frames."""
    frames: list[Frame] = []
    at = 0
    track(session)
    for chunk in chunks:
        session.push(pcm[at : at + chunk], rate)
        at += chunk
        frames += session.poll()
    session.flush()
    return [*frames, *session.poll()]


def assert_same(ours: list[Frame], theirs: list[Frame], outputs: bool = True) -> None:
    assert [f.index for f in ours] == [f.index for f in theirs]
    assert [f.due_sample for f in ours] == [f.due_sample for f in theirs]
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(own.values, other.values)
        if outputs:
            assert own.outputs.keys() == other.outputs.keys()
            for name in own.outputs:
                np.testing.assert_array_equal(own.outputs[name], other.outputs[name])


def test_statuses_are_those_of_the_table(native_build: Path) -> None:
    table = json.loads((Path(__file__).parents[3] / "runtime_bindings" / "statuses.json").read_text())["statuses"]
    header = (Path(__file__).parents[3] / "runtime_bindings" / "cpp" / "include" / "nowface.h").read_text()
    for status in table:
        name = ("ERROR_" if status["error"] else "") + status["name"]
        assert f"#define NOWFACE_{name} {status['code']}" in header
    assert NO_FRAME == 1
    errors = {status["code"] for status in table if status["error"]} - {-9}
    assert errors == set(_ERRORS)


@pytest.mark.parametrize("seed", [None, 0, 2**64 - 1])
def test_frames_states_and_sums_are_those_of_the_python_session(bundle: Bundle, native: Any, seed: int | None) -> None:
    keeper = Keeper()
    with bundle.session("executorch", seed=seed, observer=keeper) as reference:
        wanted = drive(reference, SPEECH, [16_000])
        report = reference.report
    frames, digests = [], []
    with native(seed=seed) as session:
        track(session)
        for start in range(0, 16_000, 700):
            session.push(SPEECH[start : start + 700])
            for frame in session.poll():
                frames.append(frame)
                digests.append(session.digests())
        session.flush()
        for frame in session.poll():
            frames.append(frame)
            digests.append(session.digests())
        assert session.report == report
        assert session.events == ()
    assert_same(frames, wanted)
    np.testing.assert_allclose(np.array(digests), np.array(keeper.digests), rtol=1e-6, atol=1e-7)


@settings(deadline=None, max_examples=25)
@given(data=st.data(), rate=st.sampled_from([16_000, 8_000, 44_100, 48_000, 44_099]), short=st.booleans())
def test_any_chunking_and_rate(bundle: Bundle, native: Any, data: st.DataObject, rate: int, short: bool) -> None:
    pcm = speech_like(rate // 4, seed=3)
    pcm = (pcm * 32767).astype(np.int16) if short else pcm
    cuts = sorted(data.draw(st.lists(st.integers(0, len(pcm)), max_size=6)))
    with bundle.session("executorch") as reference:
        wanted = drive(reference, pcm, [len(pcm)], rate)
        assert len(wanted) == 8
    with native(sample_rate=rate) as session, native(sample_rate=rate) as whole:
        frames = drive(session, pcm, list(np.diff([0, *cuts, len(pcm)])))
        assert_same(frames, drive(whole, pcm, [len(pcm)]))
    if rate == 16_000:
        assert_same(frames, wanted)
    # The two filters come from two Bessel functions: their weights may differ in the last bit.
    for own, other in zip(frames, wanted, strict=True):
        np.testing.assert_allclose(own.values, other.values, rtol=0, atol=1e-5)


def test_worker_gives_the_frames_of_the_synchronous_mode(native: Any) -> None:
    with native() as session:
        wanted = drive(session, SPEECH, [1_600] * 10)
    with native(worker=True) as session:
        track(session)
        frames = []
        for start in range(0, 16_000, 160):
            session.push(SPEECH[start : start + 160])
            frames += session.poll()
        session.flush()
        assert session.wait(30)
        frames += session.poll()
        assert session.report.frames == len(wanted)
        assert session.report.dropped_samples == 0
    assert_same(frames, wanted, outputs=False)


def test_broken_samples_are_mended_and_told(bundle: Bundle, native: Any) -> None:
    pcm = SPEECH.copy()
    pcm[100:103] = np.nan
    pcm[200:202] = [3, -np.inf]
    pcm[300] = -7
    with bundle.session("executorch") as reference, native() as session:
        wanted, frames = drive(reference, pcm, [16_000]), drive(session, pcm, [16_000])
        assert session.report == reference.report
        assert session.report.non_finite_samples == 4
        assert session.report.clipped_samples == 2
        ours = [(event.kind, event.sample, event.count) for event in session.events]
        assert ours == [(event.kind, event.sample, event.count) for event in reference.events]
    assert_same(frames, wanted)


def test_overload_drops_what_the_python_session_drops(bundle: Bundle, native: Any) -> None:
    with bundle.session("executorch", queue_seconds=0.25) as reference, native(queue_seconds=0.25) as session:
        wanted = drive(reference, SPEECH, [9_000, 7_000])
        frames = drive(session, SPEECH, [9_000, 7_000])
        assert session.report == reference.report
        assert session.report.dropped_samples > 0
        ours = [(event.kind, event.sample, event.count) for event in session.events]
        assert ours == [(event.kind, event.sample, event.count) for event in reference.events]
    assert_same(frames, wanted)


def test_a_stalled_worker_loses_nothing_silently(native: Any) -> None:
    """Nobody polls, so the worker stands when its frames fill up; the clock goes on and the report adds up."""
    with native(worker=True, queue_seconds=0.1, frame_capacity=1) as session:
        for _ in range(20):
            session.push(SPEECH)
        session.flush()
        end = time.monotonic() + 60
        frames = 0
        while time.monotonic() < end:
            done = session.wait(0.05)
            new = len(list(session.poll()))
            frames += new
            if done and not new:
                break
        report = session.report
        assert report.samples == 20 * 16_000
        assert report.dropped_samples > 0
        assert report.frames == frames
        assert report.frames + report.skipped_frames == 20 * 30
        assert any(event.kind == "dropped_audio" for event in session.events)


def test_waiting_ends_when_no_more_frames_may_wait(native: Any) -> None:
    """The worker stands at the frames that nobody polled: waiting and polling in turns gives them all."""
    with native() as session:
        wanted = drive(session, SPEECH, [16_000])
    with native(worker=True, frame_capacity=4) as session:
        track(session)
        session.push(SPEECH)
        session.flush()
        assert session.wait(30)
        assert session.report.frames == 4
        frames: list[Frame] = []
        while session.wait(30) and (more := list(session.poll())):
            frames += more
    assert_same(frames, wanted, outputs=False)


def test_a_clip_in_pieces_loses_nothing(native: Any) -> None:
    """Longer than the sound that may wait, and than the frames that a worker lets wait."""
    with native(queue_seconds=1) as session:
        frames = drive(session, np.tile(SPEECH, 4), [8_000] * 8)
        assert session.report.dropped_samples == 0
    assert [frame.index for frame in frames] == list(range(4 * 30))


def test_signals_that_cannot_be_used_are_told(bundle: Bundle, native: Any) -> None:
    good = {name: value[0] for name, value in EXPRESSIONS.items()}
    with bundle.session("executorch") as reference, native() as session:
        for each in (reference, session):
            each.push(SPEECH[:1_000])
            each.push_signal("tracker", good)
            each.push_signal("tracker", {**good, "confidence": np.array([[7.0]])})
            each.push_signal("tracker", {**good, "confidence": np.array([[np.nan]])})
            with pytest.raises(SessionError, match="before the newest at 1000"):
                each.push_signal("tracker", good, sample=999)
            with pytest.raises(UsageError):
                each.push_signal("nothing", good)
        assert session.report == reference.report
        ours = [(event.kind, event.sample, event.count) for event in session.events]
        assert ours == [(event.kind, event.sample, event.count) for event in reference.events]


@pytest.mark.parametrize("worker", [False, True])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_snapshot_goes_on_elsewhere(native: Any, worker: bool, rate: int) -> None:
    pcm = speech_like(rate, seed=5)
    with native(sample_rate=rate, worker=worker) as one, native(sample_rate=rate, worker=worker) as other:
        one.push(pcm[: rate // 2])
        before = list(one.poll())
        saved = one.snapshot()
        results = []
        for session in (one, other):
            if session is other:
                other.push(pcm[:999])
                other.restore(saved)
            session.push(pcm[rate // 2 :])
            session.flush()
            if worker:
                assert session.wait(30)
            results.append(list(session.poll()))
        assert_same(results[0], results[1], outputs=False)
        assert [f.index for f in (*before, *results[1])] == list(range(30))
        assert one.report.frames == other.report.frames


def test_a_damaged_snapshot_changes_nothing(native: Any) -> None:
    with native() as session, native() as untouched:
        for each in (session, untouched):
            each.push(SPEECH[:8_000])
            list(each.poll())
        saved = session.snapshot()
        for bad in (b"", saved[:-1], saved + b"\0", b"x" + saved[1:], saved[:100] + b"\xff" * 200 + saved[300:]):
            with pytest.raises(SessionError, match="snapshot"):
                session.restore(bad)
        for each in (session, untouched):
            each.push(SPEECH[8_000:])
            each.flush()
        assert_same(list(session.poll()), list(untouched.poll()))


def test_reset_begins_anew(native: Any) -> None:
    with native() as session:
        first = drive(session, SPEECH, [16_000])
        with pytest.raises(SessionError, match="flushed"):
            session.push(SPEECH)
        session.reset()
        assert session.report.frames == 0
        assert_same(drive(session, SPEECH, [16_000]), first)


def test_parameters_are_the_session_s(bundle: Bundle, native: Any) -> None:
    template = 2 * bundle.parameters()["template"]
    with bundle.session("executorch", parameters={"template": template}) as reference:
        wanted = drive(reference, SPEECH, [16_000])
    with native(parameters={"template": template}) as session:
        assert_same(drive(session, SPEECH, [16_000]), wanted)
    with pytest.raises(UsageError, match="not finite"):
        native(parameters={"template": np.full_like(template, np.nan)})


def test_eight_threads_give_what_one_gives(native: Any) -> None:
    with native() as session:
        wanted = drive(session, SPEECH, [16_000])
    results: dict[int, list[Frame]] = {}

    def run(number: int) -> None:
        with native(worker=number % 2 == 0) as session:
            track(session)
            session.push(SPEECH)
            session.flush()
            session.wait(60)
            results[number] = list(session.poll())

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        assert_same(results[number], wanted, outputs=False)


def test_a_bundle_opens_it_by_its_name(bundle: Bundle, native_build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOWFACE_LIBRARY", str(native_build / "libnowface.so"))
    with bundle.session("native") as session, bundle.session("executorch") as reference:
        assert not isinstance(session, Session)
        assert_same(drive(session, SPEECH, [5_000, 11_000]), drive(reference, SPEECH, [5_000, 11_000]))


def test_mistakes_have_their_errors(bundle: Bundle, native: Any, native_library: Library, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="has no executorch in int3; it has fp32"):
        native(precision="int3")
    with pytest.raises(UsageError, match="sample_rate"):
        native(sample_rate=100)
    with pytest.raises(UsageError, match="queue_seconds"):
        native(queue_seconds=-1)
    with pytest.raises(BundleError, match="does not exist"):
        NativeSession(tmp_path / "none", bundle.pipeline, bundle.parameters(), library=native_library)
    session = native()
    with pytest.raises(SessionError, match="16000 Hz"):
        session.push(SPEECH, 8_000)
    session.close()
    session.close()
    with pytest.raises(SessionError, match="closed"):
        session.push(SPEECH)
