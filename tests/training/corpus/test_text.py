"""Sentences, symbols and phones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk.training.corpus.ipa import UnknownSymbolError, phone_of_misaki, phone_of_radio, phones_of_ipa
from sdk.training.corpus.plan import lines
from sdk.training.corpus.sentences import sentence
from sdk.training.phones import BILABIALS, CONSONANTS, PHONES, SILENCE, VOWELS, TimedPhone


def test_sentences_follow_from_their_seed_and_vary():
    said = [sentence([7, index]) for index in range(400)]
    assert said == [sentence([7, index]) for index in range(400)]
    assert len(set(said)) > 380
    assert all(text == text.strip() and 1 <= len(text.split()) <= 30 for text in said)
    assert all(text.isascii() for text in said)


def test_sentences_are_rich_in_lips():
    """Letters that close the lips: English prose has about 6 in 100 (p 1.9, b 1.5, m 2.4)."""
    text = "".join(sentence([1, index]) for index in range(500)).lower()
    letters = [c for c in text if c.isalpha()]
    assert sum(c in "pbm" for c in letters) / len(letters) > 0.08


def test_lines_are_independent_of_each_other():
    one, other = lines(7, "train", 0, "espeak-ng"), lines(7, "train", 0, "espeak-ng")
    assert [next(one) for _ in range(20)] == [next(other) for _ in range(20)]
    assert next(lines(7, "train", 1, "espeak-ng")) != next(lines(7, "train", 0, "espeak-ng"))
    assert next(lines(8, "train", 0, "espeak-ng")) != next(lines(7, "train", 0, "espeak-ng"))


@pytest.mark.parametrize(
    ("symbol", "phones"),
    [("iː", ("iy",)), ("tʃ", ("ch",)), ("aɪə", ("ay", "ah")), ("oːɹ", ("ao", "r")), ("əl", ("ah", "l")), ("", ())],
)
def test_ipa(symbol, phones):
    assert phones_of_ipa(symbol) == phones


def test_other_alphabets():
    assert [phone_of_radio(s) for s in ("ax", "pau", "zh")] == ["ah", "sil", "zh"]
    assert [phone_of_misaki(s) for s in ("A", "ʧ", "ˈ", " ", ",")] == ["ey", "ch", None, None, None]


@pytest.mark.parametrize("read", [phones_of_ipa, phone_of_radio, phone_of_misaki])
def test_an_unknown_symbol_is_an_error(read):
    with pytest.raises(UnknownSymbolError):
        read("ɮ")


def test_classes_cover_the_phones():
    assert len(PHONES) == len(set(PHONES)) == 40
    assert {SILENCE} | VOWELS | CONSONANTS == set(PHONES)
    assert not VOWELS & CONSONANTS
    assert {"p", "b", "m"} == BILABIALS


@given(st.floats(), st.floats())
def test_a_timed_phone_is_an_interval(start, end):
    try:
        phone = TimedPhone("ah", start, end)
    except ValueError:
        assert not 0 <= start < end < float("inf")
    else:
        assert 0 <= phone.start < phone.end < float("inf")


def test_a_phone_has_a_known_name():
    with pytest.raises(ValueError, match="schwa"):
        TimedPhone("schwa", 0.0, 1.0)
