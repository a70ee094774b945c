"""Festival's voices of other languages: every sound they have is known, and their labels fit their own sound."""

from __future__ import annotations

import shutil
import subprocess
from itertools import islice

import numpy as np
import pytest

from sdk.training.corpus.errors import MissingSynthesiserError, SynthesiserError
from sdk.training.corpus.festival_phones import phones_of_festival
from sdk.training.corpus.invented import SYLLABLES, invented_sentence
from sdk.training.corpus.ipa import UnknownSymbolError
from sdk.training.corpus.plan import lines
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.sources.festival import FestivalSource
from sdk.training.corpus.utterance import Speech
from sdk.training.corpus.voices import ENGLISH, SOURCES
from sdk.training.phones import BILABIALS, PHONES, SILENCE, VOWELS
from tests.training.corpus.levels import burst_rises, closure_drops

VOICES = [
    (entry.language, voice.name)
    for entry in SOURCES.values()
    if entry.language != "english"
    for voices in entry.voices.values()
    for voice in voices
]
UNUSED = {"hindi": {"ksh", "sri", "x"}}
"""Symbols of a set that no invented word is read as: clusters, and sounds of foreign words."""


@pytest.fixture(scope="module", params=VOICES, ids=[name for _, name in VOICES])
def spoken(request: pytest.FixtureRequest) -> tuple[str, str, list[Speech]]:
    language, voice = request.param
    said = [Line(invented_sentence(language, [5, at]), voice, 1.0, 0.5, 0.5, at) for at in range(16)]
    speeches = FestivalSource(language, [voice], "festival").say(said)
    return language, voice, [speech for speech in speeches if speech is not None]


def test_nearly_all_lines_are_said(spoken):
    _, _, speeches = spoken
    assert len(speeches) >= 15


def test_every_symbol_of_the_voice_is_known(spoken):
    language, voice, _ = spoken
    told = subprocess.run(
        [
            "festival",
            "-b",
            f"(begin (voice_{voice}) (print (mapcar car (cadr (car (PhoneSet.description '(phones)))))))",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    symbols = set(told.replace("(", " ").replace(")", " ").replace('"', " ").split()) - UNUSED.get(language, set())
    assert len(symbols) > 25
    assert {phone for symbol in symbols for phone in phones_of_festival(language, symbol)} <= set(PHONES)


def test_closures_are_quiet_and_end_at_the_burst(spoken):
    """Above 1 kHz, the middle of a /p/ or /b/ is below the vowel before it, and the level rises where it ends."""
    drops, rises = closure_drops(spoken[2]), burst_rises(spoken[2])
    assert len(drops) >= 5
    assert len(rises) >= 5
    assert np.median(drops) > 15
    assert np.median(rises) > 10


@pytest.mark.parametrize("language", SYLLABLES)
def test_invented_words_follow_from_their_seed(language):
    said = [invented_sentence(language, [3, at]) for at in range(200)]
    assert said == [invented_sentence(language, [3, at]) for at in range(200)]
    assert len(set(said)) > 190
    assert all(2 <= len(text.split()) <= 9 for text in said)


def test_other_languages_are_asked_for_by_name():
    assert ENGLISH == ("espeak-ng", "flite", "festival", "hibari")
    assert {SOURCES[name].language for name in SOURCES if name not in ENGLISH} == SYLLABLES.keys()


def test_a_source_says_words_of_its_language():
    assert all(line.text.isascii() for line in islice(lines(7, "train", 0, "festival"), 20))
    russian = [line.text for line in islice(lines(7, "train", 0, "festival-russian"), 20)]
    assert all("а" <= letter.lower() <= "я" for text in russian for letter in text if letter.isalpha())


@pytest.mark.parametrize(
    ("language", "symbol", "phones"),
    [
        ("czech", "c", ("t", "s")),
        ("czech", "a:", ("aa",)),
        ("finnish", "p:", ("p",)),
        ("italian", "J", ("n", "y")),
        ("russian", "bb", ("b",)),
        ("russian", "rr", ("l",)),
        ("hindi", "pau", (SILENCE,)),
        ("english", "ax", ("ah",)),
    ],
)
def test_symbols(language, symbol, phones):
    assert phones_of_festival(language, symbol) == phones


@pytest.mark.parametrize("language", [*SYLLABLES, "english"])
def test_an_unknown_symbol_is_refused_not_guessed(language):
    with pytest.raises(UnknownSymbolError):
        phones_of_festival(language, "!!")


def test_a_line_that_ends_the_program_is_refused_alone():
    """The Hindi rules read this abbreviation as a word with a letter that they lack, and Festival stops."""
    good = Line(invented_sentence("hindi", [1]), "hindi_NSK_diphone", 1.0, 0.5, 0.5, 1)
    bad = Line("सीबीब पू.", "hindi_NSK_diphone", 1.0, 0.5, 0.5, 1)
    source = FestivalSource("hindi", ["hindi_NSK_diphone"], "festvox-hi-nsk")
    before, refused, after = source.say([good, bad, good])
    assert refused is None
    assert before is not None
    assert after is not None
    assert any(phone.name in BILABIALS | VOWELS for phone in before.phones)
    assert np.array_equal(before.pcm, after.pcm)


def test_a_missing_voice_names_its_packages():
    with pytest.raises(MissingSynthesiserError, match=r"has no voice no_such_voice.*apt-get install festvox-nobody"):
        FestivalSource("czech", ["no_such_voice"], "festvox-nobody")


def test_a_hanging_program_is_an_error(monkeypatch):
    source = FestivalSource("english", ["ked_diphone"], "festvox-kdlpc16k")
    monkeypatch.setattr("sdk.training.corpus.sources.festival.TIME_LIMIT", 1e-3)
    with pytest.raises(SynthesiserError, match="timed out"):
        list(source.say([Line("Hello.", "ked_diphone", 1.0, 0.5, 0.5, 1)]))


def test_versions_are_those_of_the_program_and_of_each_package(monkeypatch):
    source = FestivalSource("english", ["ked_diphone"], "festival festvox-kdlpc16k")
    known = source.versions()
    assert known.keys() == {"festival", "festvox-kdlpc16k"}
    assert all(version[0].isdigit() for version in known.values())
    assert FestivalSource("english", ["ked_diphone"], "no-such-voices").versions()["no-such-voices"] == "unknown"
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "dpkg-query" else real(name))
    assert source.versions()["festvox-kdlpc16k"] == "unknown"
