"""Labels of the synthesisers against their own sound."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sdk.training.corpus.errors import MissingSynthesiserError
from sdk.training.corpus.sources import festival, flite
from sdk.training.corpus.sources.base import Line, Source
from sdk.training.corpus.sources.espeak import EspeakSource
from sdk.training.corpus.sources.festival import FestivalSource
from sdk.training.corpus.sources.flite import FliteSource
from sdk.training.corpus.sources.hibari import HibariSource
from sdk.training.corpus.utterance import Speech
from tests.training.corpus.levels import burst_rises, closure_drops

TEXTS = (
    "Poppy and Bobby stopped the happy puppy.",
    "Keep copper pipes upon a table by the shop.",
    "A paper boat about to pop up, to be up above a bubble.",
)
MAKERS: dict[str, tuple[Callable[[], Source], str]] = {
    "espeak-ng": (EspeakSource, "en-us+f2"),
    "flite": (FliteSource, "slt"),
    "festival": (lambda: FestivalSource("english", ["ked_diphone"], "festvox-kdlpc16k"), "ked_diphone"),
    "hibari": (HibariSource, "heart"),
}


@pytest.fixture(scope="module", params=MAKERS)
def said(request: pytest.FixtureRequest) -> list[Speech]:
    make, voice = MAKERS[request.param]
    speeches = make().say([Line(text, voice, 1.0, 0.5, 0.5, 1) for text in TEXTS])
    return [speech for speech in speeches if speech is not None]


def test_closures_are_quiet_and_vowels_are_not(said):
    """Between vowels, the middle of a /p/ or /b/ is at least 15 dB below the vowel before it, above 1 kHz."""
    drops = closure_drops(said)
    assert len(drops) >= 10
    assert np.median(drops) > 20
    assert np.mean(np.array(drops) > 12) > 0.75


def test_lips_part_where_the_sound_rises(said):
    rises = burst_rises(said)
    assert len(rises) >= 10
    assert np.median(rises) > 10


def test_all_of_the_text_is_labelled(said):
    for speech in said:
        names = [phone.name for phone in speech.phones]
        assert "p" in names
        assert "b" in names
        assert 15 <= len(names) <= 60


def test_a_refused_voice_is_none_and_changes_nothing_else():
    line = Line(TEXTS[0], "en-us+f2", 1.0, 0.5, 0.5, 1)
    refused, after = EspeakSource().say([replace(line, voice="no-such-language+f2"), line])
    plain = next(EspeakSource().say([line]))
    assert refused is None
    assert [phone.name for phone in after.phones] == [phone.name for phone in plain.phones]
    assert len(after.pcm) == len(plain.pcm)  # not bit for bit: the library's noise goes on from line to line


def test_pace_and_pitch_are_followed():
    line = Line(TEXTS[1], "en-us+m1", 1.0, 0.5, 0.5, 1)
    plain, quick, high = EspeakSource().say([line, replace(line, pace=1.3), replace(line, pitch=0.9)])
    assert quick.seconds < 0.9 * plain.seconds
    assert high.seconds == pytest.approx(plain.seconds, rel=0.1)
    assert not np.array_equal(high.pcm[:8000], plain.pcm[:8000])


def test_flite_follows_the_pace():
    line = Line(TEXTS[1], "slt", 1.0, 0.5, 0.5, 1)
    plain, quick = FliteSource().say([line, replace(line, pace=1.25)])
    assert quick.seconds == pytest.approx(plain.seconds / 1.25, rel=0.05)


@pytest.mark.parametrize(
    ("make", "module", "package"),
    [
        (FliteSource, flite, "flite"),
        (lambda: FestivalSource("english", ["ked_diphone"], "festvox-kdlpc16k"), festival, "festvox-kdlpc16k"),
    ],
)
def test_a_missing_program_names_its_debian_package(monkeypatch, make, module, package):
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(MissingSynthesiserError, match=f"apt-get install.*{package}"):
        make()


def test_a_missing_library_names_its_debian_package(monkeypatch):
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(MissingSynthesiserError, match="apt-get install espeak-ng"):
        EspeakSource()


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingSynthesiserError, match=r"nowface\[train\]"):
        HibariSource()


def test_festival_labels():
    labels = "#\n0.22 100 pau\n0.34 100 p\n0.40 100 ax\n0.90 100 pau\n"
    assert [(p.name, p.start, p.end) for p in festival._phones(labels, "english", 0.6)] == [
        ("p", 0.22, 0.34),
        ("ah", 0.34, 0.4),
    ]


def test_programs_used_here_are_installed():
    """The tests above speak with these; continuous integration installs them."""
    assert shutil.which("flite")
    assert shutil.which("espeak-ng")
