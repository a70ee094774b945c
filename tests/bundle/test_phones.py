"""Phones of a trace: to the bit through the disk, refused when they do not fit, read from a label track."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.audio.files import load_speech
from sdk.bundle import Bundle, Trace
from sdk.bundle.errors import TraceError
from sdk.bundle.phones import Phones
from sdk.parity.face.visemes import OTHER, SILENCE, VISEMES, viseme_of
from sdk.pretrained import SPEECH, SPEECH_PHONES
from sdk.training.phones import BILABIALS, LABIODENTALS, PHONES
from tests.bundle.conftest import assert_one_line
from tests.bundle.test_trace_signals import spoil

SAMPLES = 16_000
"""Of the toy's vectors."""
NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=","), min_size=1, max_size=8)


@st.composite
def phones(draw: st.DrawFn) -> Phones:
    """Any, gaps and abutting ones."""
    count = draw(st.integers(1, 6))
    edges = sorted(draw(st.lists(st.integers(0, SAMPLES), min_size=2 * count, max_size=2 * count, unique=True)))
    start, end = np.array(edges[::2], np.int64), np.array(edges[1::2], np.int64)
    if draw(st.booleans()):
        start[1:] = end[:-1]
    return Phones(start, end, tuple(draw(st.lists(NAMES, min_size=count, max_size=count))))


@pytest.fixture(scope="module")
def vectors(toy_bundle: Path) -> Trace:
    with Bundle.open(toy_bundle) as bundle:
        return bundle.vectors()


@pytest.fixture
def path(vectors: Trace, tmp_path: Path) -> Path:
    saved = tmp_path / "trace.safetensors"
    said = Phones(np.array([100, 300], np.int64), np.array([300, 900], np.int64), ("m", "aa"))
    replace(vectors, phones=said).save(saved)
    return saved


@settings(deadline=None, max_examples=60)
@given(said=phones())
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, vectors: Trace, said: Phones) -> None:
    path = tmp_path_factory.getbasetemp() / "phones.safetensors"
    replace(vectors, phones=said).save(path)
    loaded = Trace.load(path)
    assert loaded.phones is not None
    assert loaded.phones.runs() == said.runs()
    assert loaded.metadata == vectors.metadata


@settings(deadline=None, max_examples=60)
@given(said=phones(), samples=st.integers(1, 3 * SAMPLES), data=st.data())
def test_the_phone_at_a_sample_is_the_one_that_spans_it(said: Phones, samples: int, data: st.DataObject) -> None:
    times = np.array(data.draw(st.lists(st.integers(0, SAMPLES), min_size=1, max_size=20)), np.int64)
    for time, place in zip(times, said.at(times), strict=True):
        spanning = [number for number, (_, start, end) in enumerate(said.runs()) if start <= time < end]
        assert [int(place)] == (spanning or [-1])
    again = said.repeated(SAMPLES, samples)
    expected = [
        (name, start + turn * SAMPLES, end + turn * SAMPLES) for turn in range(3) for name, start, end in said.runs()
    ]
    cut = [(name, start, min(end, samples)) for name, start, end in expected if start < samples]
    assert (again.runs() if again else []) == cut
    assert again is None or again.problem(samples) is None


def test_phones_may_end_with_the_sound_and_not_after_it(vectors: Trace, tmp_path: Path) -> None:
    for end, right in ((SAMPLES, True), (SAMPLES + 1, False)):
        said = Phones(np.array([5], np.int64), np.array([end], np.int64), ("m",))
        assert (said.problem(SAMPLES) is None) == right
    with pytest.raises(AssertionError, match="are not within 16000 samples"):
        replace(vectors, phones=said).save(tmp_path / "t.safetensors")


def test_free_text_cannot_pass_for_phones(vectors: Trace, tmp_path: Path) -> None:
    replace(vectors, metadata={"phones": "m,a", "device": "phone"}).save(tmp_path / "t.safetensors")
    loaded = Trace.load(tmp_path / "t.safetensors")
    assert (loaded.phones, loaded.metadata) == (None, {"device": "phone"})


def test_the_spoiler_alone_does_no_harm(path: Path) -> None:
    spoil(path, lambda t, m: None)
    said = Trace.load(path).phones
    assert said is not None
    assert said.runs() == [("m", 100, 300), ("aa", 300, 900)]


START, END = "phone.start", "phone.end"


@pytest.mark.parametrize(
    "change",
    [
        lambda t, m: t.pop(START),
        lambda t, m: t.pop(END),
        lambda t, m: [t.pop(START), t.pop(END)],
        lambda t, m: m.pop("phones"),
        lambda t, m: m.update(phones=""),
        lambda t, m: m.update(phones="m"),
        lambda t, m: m.update(phones="m,aa,b"),
        lambda t, m: m.update(phones="m,"),
        lambda t, m: m.update(phones="m,a b"),
        lambda t, m: m.update(phones="m,\n"),
        lambda t, m: m.update(phones="m," + 9 * "a"),
        lambda t, m: t.update({START: t[START][::-1].copy()}),
        lambda t, m: t.update({START: t[END]}),
        lambda t, m: t.update({START: t[START] - 101}),
        lambda t, m: t.update({START: t[START] - 1}),
        lambda t, m: t.update({END: t[END] + 1}),
        lambda t, m: t.update({END: t[END] + SAMPLES}),
        lambda t, m: t.update({END: np.array([300, 2**63 - 1])}),
        lambda t, m: t.update({END: t[END].astype(np.float32)}),
        lambda t, m: t.update({START: t[START].astype(np.int16)}),
        lambda t, m: t.update({START: t[START].reshape(-1, 1)}),
        lambda t, m: t.update({START: np.zeros((), np.int64)}),
        lambda t, m: t.update({START: t[START][:0], END: t[END][:0]}),
        lambda t, m: t.update({"phone.middle": t[START]}),
    ],
)
def test_what_does_not_fit(path: Path, change: Callable[[dict[str, np.ndarray], dict[str, str]], object]) -> None:
    spoil(path, change)
    with pytest.raises(TraceError) as caught:
        Trace.load(path)
    assert_one_line(caught.value)


@pytest.mark.parametrize(
    "text", ["", "0.1\t0.2", "0.1 0.2 m", "a\tb\tm", "0.2\t0.1\tm", "0\tnan\tm", "0\t1e300\tm", "0\t1\tm,n"]
)
def test_a_file_that_is_no_label_track(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.txt").write_text(text)
    with pytest.raises(TraceError) as caught:
        Phones.read_labels(tmp_path / "labels.txt")
    assert_one_line(caught.value)
    with pytest.raises(TraceError):
        Phones.read_labels(tmp_path / "absent.txt")


def test_the_sample_that_ships_has_its_phones() -> None:
    said = Phones.read_labels(SPEECH_PHONES)
    speech = load_speech(SPEECH)
    assert said.problem(len(speech)) is None
    assert set(said.names) <= set(PHONES)
    # "Maybe Bob and Mary brought ... phone my family": it begins and ends where the README says, with a pause between.
    assert said.names[:5] == ("m", "ey", "b", "iy", "b")
    assert said.names[-6:] == ("f", "ae", "m", "ah", "l", "iy")
    assert said.start[0] == 4800
    assert int(np.diff([said.end[:-1], said.start[1:]], axis=0).max()) >= 12_800
    # Where no phone is, nothing is heard but the ends of sentences: silence to the last bit in the long pauses.
    heard = np.zeros(len(speech), bool)
    for _, start, end in said.runs():
        heard[start:end] = True
    assert np.abs(speech[~heard]).max() < 0.02 * np.abs(speech).max()


def test_every_phone_of_the_corpora_has_a_group_by_its_lips() -> None:
    assert {phone for phone in PHONES if viseme_of(phone) is OTHER} == set()
    assert sum(len(viseme.phones) for viseme in (*VISEMES, SILENCE)) == len(PHONES)
    assert {phone for phone in PHONES if viseme_of(phone).name == "bilabial"} == BILABIALS
    assert {phone for phone in PHONES if viseme_of(phone).name == "labiodental"} == LABIODENTALS
    assert viseme_of("AA1").name == "open"
    assert viseme_of("œ") is OTHER
