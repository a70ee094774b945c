"""Invented words to say: syllables of a language, drawn with a seed.

A voice of another language than English says nothing that a reader of this project could check, and its phones are all
that a face learns from it. So its words are made up of the language's own syllables, spelt so that its letter-to-sound
rules read them: every meeting of sounds comes up, and no word list of anybody's is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LIP_SHARE = 0.45
"""Part of the syllables that begin at the lips: closures are what a face must learn, and running speech has few."""
END_SHARE = 0.35
"""Part of the syllables that have an end."""


@dataclass(frozen=True)
class Syllables:
    """How the syllables of one language are spelt.

    Attributes:
        lips: beginnings in which the lips meet each other or the teeth.
        others: other beginnings.
        vowels: middles.
        ends: ends, for those that have one.
    """

    lips: tuple[str, ...]
    others: tuple[str, ...]
    vowels: tuple[str, ...]
    ends: tuple[str, ...]


SYLLABLES: dict[str, Syllables] = {
    "catalan": Syllables(
        # no b and no v: between vowels the lips of a Catalan speaker do not meet for them
        lips=("p", "m", "f", "p", "m", "pr", "pl", "fr", "fl"),
        others=("t", "d", "c", "g", "l", "ll", "n", "ny", "s", "x", "j", "r", "tr", "cl", "gr"),
        vowels=("a", "e", "i", "o", "u", "a", "e", "o", "ai", "ei", "au"),
        ends=("n", "s", "l", "r", "m"),
    ),
    "czech": Syllables(
        lips=("b", "p", "m", "f", "v", "p", "m", "b", "pr", "br", "vl", "pl"),
        others=("t", "d", "n", "l", "r", "s", "z", "š", "ž", "č", "c", "ř", "k", "h", "ch", "j", "st", "sk", "tr"),
        vowels=("a", "e", "i", "o", "u", "á", "é", "í", "ů", "y", "ou", "a", "e", "o"),
        ends=("n", "m", "k", "s", "t", "l", "r", "š"),
    ),
    "finnish": Syllables(
        lips=("p", "m", "v", "p", "m", "b", "f"),
        others=("t", "k", "n", "l", "s", "r", "h", "j", "d"),
        vowels=("a", "e", "i", "o", "u", "ä", "ö", "y", "aa", "ee", "ii", "oo", "uu", "ai", "ei", "oi", "au", "uo"),
        ends=("n", "s", "l", "r", "t", "p"),
    ),
    "hindi": Syllables(
        lips=("प", "ब", "म", "भ", "फ", "प", "ब", "म"),
        others=("क", "ग", "च", "ज", "ट", "ड", "त", "द", "न", "य", "र", "ल", "श", "स", "ह"),
        vowels=("ा", "ि", "ी", "ु", "ू", "े", "ो", "ा", "े", "ो"),
        ends=("न", "र", "ल", "म", "स", "ब", "प"),
    ),
    "italian": Syllables(
        lips=("b", "p", "m", "f", "v", "b", "p", "m", "pr", "br", "fr", "sp", "mp"),
        others=("t", "d", "l", "r", "n", "s", "z", "c", "g", "gn", "qu", "st", "tr", "gr", "sc", "ch", "gh", "ll"),
        vowels=("a", "e", "i", "o", "u", "a", "e", "o", "ia", "io", "ie", "uo"),
        ends=("n", "r", "l", "s"),
    ),
    "russian": Syllables(
        lips=("п", "б", "м", "ф", "в", "п", "б", "м", "пр", "бл"),
        others=("т", "д", "н", "л", "р", "с", "з", "ш", "ж", "ч", "к", "г", "х", "ст", "тр"),
        vowels=("а", "о", "у", "э", "ы", "и", "е", "я", "ю", "а", "о", "и"),
        ends=("н", "м", "к", "с", "т", "л", "р", "й"),
    ),
}  # fmt: skip
"""Languages whose spelling tells the sounds."""


def invented_sentence(language: str, seed: Sequence[int]) -> str:
    """One utterance of 2 to 9 invented words. The same seed gives the same text.

    Args:
        language: a key of `SYLLABLES`.
        seed: non-negative integers, as for `numpy.random.SeedSequence`.
    """
    syllables, generator = SYLLABLES[language], np.random.default_rng(seed)
    words = [_word(syllables, generator) for _ in range(int(generator.integers(2, 10)))]
    if len(words) > 4:
        words[len(words) // 2] += ","
    return " ".join(words) + ("?" if generator.random() < 0.2 else ".")


def _word(syllables: Syllables, generator: np.random.Generator) -> str:
    def one(items: Sequence[str]) -> str:
        return items[int(generator.integers(len(items)))]

    spelt = ""
    for _ in range(int(generator.choice((1, 2, 3, 4), p=(0.15, 0.45, 0.3, 0.1)))):
        start = one(syllables.lips if generator.random() < LIP_SHARE else syllables.others)
        spelt += start + one(syllables.vowels) + (one(syllables.ends) if generator.random() < END_SHARE else "")
    return spelt
