"""Signals and seed of a trace: to the bit through the disk, refused when they do not fit, recorded as given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sdk.bundle import Bundle, Trace, TraceRecorder
from sdk.bundle.errors import TraceError
from sdk.bundle.trace import SignalRows
from tests.bundle.conftest import assert_one_line
from tests.bundle.test_trace import same
from tests.toy_bundle import speech_like
from tests.toy_choice import tracked

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
SEEDS = st.one_of(st.none(), st.integers(0, 9), st.integers(0, 2**64 - 1), st.just(2**64 - 1))


@st.composite
def signals(draw: st.DrawFn) -> dict[str, SignalRows]:
    found = {}
    for name in draw(st.sets(NAMES, max_size=3)):
        sample = np.array(sorted(draw(st.lists(st.integers(0, 2**62), max_size=4))), np.int64)
        tensors = {
            key: draw(hnp.arrays(np.float32, (len(sample), *shape), elements=st.floats(width=32)))
            for key, shape in draw(
                st.dictionaries(NAMES, st.sampled_from([(), (2,), (2, 3)]), min_size=1, max_size=3)
            ).items()
        }
        frames = np.array(
            sorted(draw(st.lists(st.integers(0, 2**62), min_size=len(sample), max_size=len(sample)))), np.int64
        )
        found[name] = SignalRows(sample, tensors, draw(st.sampled_from([None, frames])))
    return found


@pytest.fixture(scope="module")
def vectors(choice_bundle: Path) -> Trace:
    with Bundle.open(choice_bundle) as bundle:
        return bundle.vectors()


@settings(deadline=None, max_examples=80)
@given(given_signals=signals(), seed=SEEDS)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, vectors: Trace, given_signals: dict[str, SignalRows], seed: int | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "signals.safetensors"
    replace(vectors, signals=given_signals, seed=seed).save(path)
    loaded = Trace.load(path)
    assert loaded.seed == seed
    assert loaded.signals.keys() == given_signals.keys()
    for name, rows in given_signals.items():
        assert same(loaded.signals[name].sample, rows.sample)
        assert same(dict(loaded.signals[name].tensors), dict(rows.tensors))
        assert same(loaded.signals[name].seen_from, rows.seen_from)
    assert loaded.metadata == vectors.metadata
    assert same(dict(loaded.outputs), dict(vectors.outputs))


def test_free_text_cannot_pass_for_the_seed(vectors: Trace, tmp_path: Path) -> None:
    said = {"seed": "lucky", "format": "mine", "device": "phone"}
    replace(vectors, seed=None, metadata=said).save(tmp_path / "t.safetensors")
    loaded = Trace.load(tmp_path / "t.safetensors")
    assert (loaded.seed, loaded.metadata) == (None, {"device": "phone"})


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_no_reader_would_take_is_not_written(vectors: Trace, tmp_path: Path, seed: int) -> None:
    with pytest.raises(AssertionError, match="is not a number of 64 bits"):
        replace(vectors, seed=seed).save(tmp_path / "t.safetensors")


@pytest.fixture
def path(choice_bundle: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "trace.safetensors"
    copied.write_bytes((choice_bundle / "vectors.safetensors").read_bytes())
    return copied


Tensors, Text = dict[str, np.ndarray], dict[str, str]
TIME, FACE, TRUST = "signal.tracker", "signal.tracker.expression", "signal.tracker.confidence"
LATE = "seen_from.tracker"


def spoil(path: Path, change: Callable[[Tensors, Text], object]) -> None:
    """Rewrite a trace file by hand."""
    with safe_open(path, "numpy") as file:
        metadata = dict(file.metadata())
    tensors = load_file(path)
    change(tensors, metadata)
    save_file(tensors, path, metadata)


def test_the_spoiler_alone_does_no_harm(path: Path, vectors: Trace) -> None:
    spoil(path, lambda t, m: None)
    loaded = Trace.load(path)
    assert (loaded.seed, len(loaded.signals["tracker"].sample)) == (1, 30)
    assert same(dict(loaded.outputs), dict(vectors.outputs))


def test_a_trace_without_signals_and_seed_is_one_too(path: Path) -> None:
    spoil(path, lambda t, m: [t.pop(name) for name in (TIME, FACE, TRUST)] and m.pop("seed"))
    loaded = Trace.load(path)
    assert (loaded.seed, loaded.signals) == (None, {})


@pytest.mark.parametrize(
    "change",
    [
        lambda t, m: t.update({TIME: t[TIME][::-1].copy()}),
        lambda t, m: t.update({TIME: t[TIME] - 4_001}),
        lambda t, m: t.update({TIME: np.where(np.arange(30) == 7, -(2**63), t[TIME])}),
        lambda t, m: t.update({TIME: t[TIME].astype(np.float32)}),
        lambda t, m: t.update({TIME: t[TIME].astype(np.int16)}),
        lambda t, m: t.update({TIME: t[TIME].astype(np.int32)}),
        lambda t, m: t.update({TIME: t[TIME].reshape(-1, 1)}),
        lambda t, m: t.update({TIME: np.zeros((), np.int64)}),
        lambda t, m: t.update({TIME: t[TIME][1:]}),
        lambda t, m: t.update({FACE: t[FACE][1:]}),
        lambda t, m: t.update({FACE: np.zeros((), np.float32)}),
        lambda t, m: t.update({FACE: t[FACE].astype(np.float64)}),
        lambda t, m: t.update({FACE: t[FACE].astype(np.int16)}),
        lambda t, m: t.update({TRUST: t[TRUST].astype(np.int64)}),
        lambda t, m: t.pop(TIME),
        lambda t, m: [t.pop(FACE), t.pop(TRUST)],
        lambda t, m: t.update({LATE: t[TIME][::-1].copy()}),
        lambda t, m: t.update({LATE: t[TIME] - 4_001}),
        lambda t, m: t.update({LATE: t[TIME][1:]}),
        lambda t, m: t.update({LATE: t[TIME].astype(np.float32)}),
        lambda t, m: t.update({"seen_from.gaze": t[TIME]}),
        lambda t, m: t.update({"signal.gaze.angle": np.zeros((30, 2), np.float32)}),
        lambda t, m: t.update({"signal.gaze": np.zeros(3, np.int64)}),
        lambda t, m: t.update({"signal.tracker.face.left": np.zeros((30, 2), np.float32)}),
        lambda t, m: t.update({"signal.tracker.": np.zeros((30, 2), np.float32)}),
        lambda t, m: t.update({"signal.": np.zeros(3, np.int64), "signal..x": np.zeros(3, np.float32)}),
        lambda t, m: t.update({"signal": np.zeros(3, np.int64)}),
        lambda t, m: m.update(seed=""),
        lambda t, m: m.update(seed="-1"),
        lambda t, m: m.update(seed="1.0"),
        lambda t, m: m.update(seed="0x10"),
        lambda t, m: m.update(seed="1e3"),
        lambda t, m: m.update(seed=" 1"),
        lambda t, m: m.update(seed="1_0"),
        lambda t, m: m.update(seed="None"),
        lambda t, m: m.update(seed="٣"),
        lambda t, m: m.update(seed=str(2**64)),
        lambda t, m: m.update(seed="9" * 5_000),
    ],
)
def test_what_does_not_fit(path: Path, change: Callable[[Tensors, Text], object]) -> None:
    spoil(path, change)
    with pytest.raises(TraceError) as caught:
        Trace.load(path)
    assert_one_line(caught.value)


@pytest.mark.parametrize("text", ["0", "18446744073709551615", "007"])
def test_seeds_in_decimal(path: Path, text: str) -> None:
    spoil(path, lambda t, m: m.update(seed=text))
    assert Trace.load(path).seed == int(text)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_spoilt_bytes(choice_bundle: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Changed anywhere in the header: loads or raises TraceError."""
    content = bytearray((choice_bundle / "vectors.safetensors").read_bytes())
    at = data.draw(st.integers(0, 8 + int.from_bytes(content[:8], "little")))
    content[at : at + 3] = data.draw(st.binary(max_size=4))
    path = tmp_path_factory.getbasetemp() / "spoilt_signals.safetensors"
    path.write_bytes(content)
    try:
        Trace.load(path)
    except TraceError as error:
        assert_one_line(error)


def test_the_recorder_keeps_what_was_accepted(choice_bundle: Path, tmp_path: Path) -> None:
    rows = tracked(4)
    given_at = [300, None, 2_000, 2_000]
    with Bundle.open(choice_bundle) as bundle:
        recorder = TraceRecorder(bundle.pipeline, seed=2**64 - 1)
        with bundle.session(observer=recorder, seed=2**64 - 1) as session:
            session.push(speech_like(1_000))
            for row, sample in enumerate(given_at):
                values = {name: value[row] for name, value in rows.items()}
                session.push_signal("tracker", values, sample=sample)
                for value in values.values():
                    value[:] = np.nan
            session.push_signal("tracker", {name: value[0] * np.nan for name, value in rows.items()}, sample=2_001)
            session.push(speech_like(2_000))
            session.flush()
            frames = list(session.poll())
    recorder.trace.save(tmp_path / "t.safetensors")
    trace = Trace.load(tmp_path / "t.safetensors")
    assert trace.seed == 2**64 - 1
    assert trace.signals["tracker"].sample.tolist() == [300, 1_000, 2_000, 2_000]
    for name, value in tracked(4).items():
        assert np.array_equal(trace.signals["tracker"].tensors[name], value)
    assert trace.frames == len(frames)


def test_a_signal_that_never_came_leaves_nothing(choice_bundle: Path, tmp_path: Path) -> None:
    with Bundle.open(choice_bundle) as bundle:
        recorder = TraceRecorder(bundle.pipeline)
        with bundle.session(observer=recorder) as session:
            session.push(speech_like(2_000))
            list(session.poll())
    recorder.trace.save(tmp_path / "t.safetensors")
    trace = Trace.load(tmp_path / "t.safetensors")
    assert (trace.signals, trace.seed) == ({}, None)


def test_the_recorder_says_from_which_frame_on_late_values_were_seen(choice_bundle: Path) -> None:
    """Frames 0 and 1, due at 534 and 1,067, are out when those of 300 and 1,067 come; 4,800 is when frame 8 is due."""
    rows = tracked(3)
    with Bundle.open(choice_bundle) as bundle:
        recorder = TraceRecorder(bundle.pipeline)
        with bundle.session(observer=recorder) as session:
            session.push(speech_like(1_200))
            assert len(list(session.poll())) == 2
            for row, sample in enumerate([300, 1_067, 4_800]):
                session.push_signal("tracker", {name: value[row] for name, value in rows.items()}, sample=sample)
            assert recorder.trace.signals["tracker"].seen_from is not None
            assert recorder.trace.signals["tracker"].seen_from.tolist() == [2, 2, 8]
