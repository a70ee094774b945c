"""Sentences to say: a small grammar over `sdk.training.corpus.words`, drawn with a seed.

Half of them are plain sentences; the rest are rich in lip closures, numbers, short commands, replies and pangrams, so
that a face learns both running speech and single words between pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sdk.training.corpus import words

_LIPS = tuple("bpmfvw")


def sentence(seed: Sequence[int]) -> str:
    """One utterance of 1 to about 25 words. The same seed gives the same text.

    Args:
        seed: non-negative integers, as for `numpy.random.SeedSequence`.
    """
    draw = _Draw(np.random.default_rng(seed))
    form = draw.weighted(_FORMS)
    text = form(draw).replace("-", " ") if form is not _pangram else form(draw)
    return text[0].upper() + text[1:]


class _Draw:
    """Draws from word lists with one generator."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator

    def one(self, items: Sequence[str]) -> str:
        return items[int(self.generator.integers(len(items)))]

    def lips(self, items: Sequence[str]) -> str:
        return self.one([item for item in items if item.lower().startswith(_LIPS)])

    def number(self, low: int, high: int) -> int:
        return int(self.generator.integers(low, high))

    def weighted(self, forms: Sequence[tuple[float, Callable[[_Draw], str]]]) -> Callable[[_Draw], str]:
        shares = np.array([share for share, _ in forms])
        return forms[int(self.generator.choice(len(forms), p=shares / shares.sum()))][1]


def _phrase(draw: _Draw, pick: Callable[[Sequence[str]], str]) -> str:
    noun = pick(words.NOUNS)
    if draw.number(0, 3):
        return f"the {pick(words.ADJECTIVES)} {noun}"
    return f"{draw.one(('my', 'your', 'our', 'their', 'this', 'the'))} {noun}"


def _plain(draw: _Draw) -> str:
    who = draw.one(words.NAMES) if draw.number(0, 2) else _phrase(draw, draw.one)
    text = f"{who} {draw.one(words.PAST_VERBS)} {_phrase(draw, draw.one)} {draw.one(words.PLACES)}."
    return f"{draw.one(words.ADVERBS)}, {text}" if draw.number(0, 4) == 0 else text


def _compound(draw: _Draw) -> str:
    joint = draw.one(("and", "but", "because", "so", "while", "before", "although"))
    return (
        f"{_plain(draw)[:-1]}, {joint} {draw.one(words.NAMES)} {draw.one(words.PAST_VERBS)} {_phrase(draw, draw.one)}."
    )


def _lips(draw: _Draw) -> str:
    first, second = draw.lips(words.NAMES), draw.lips(words.NAMES)
    return (
        f"{first} and {second} {draw.lips(words.PAST_VERBS)} {_phrase(draw, draw.lips)} "
        f"{draw.one(('by', 'before', 'from', 'with', 'above', 'for'))} {_phrase(draw, draw.lips)}."
    )


def _question(draw: _Draw) -> str:
    opening = draw.one(
        ("who", "why would you think", "what if", "do you believe", "when will we know whether", "maybe")
    )
    if opening == "who":
        return f"who {draw.one(words.PAST_VERBS)} {_phrase(draw, draw.one)} {draw.one(words.PLACES)}?"
    return f"{opening} {draw.one(words.NAMES)} {draw.one(words.PAST_VERBS)} {_phrase(draw, draw.one)}?"


def _numbers(draw: _Draw) -> str:
    forms = (
        lambda: ", ".join(str(draw.number(0, 10)) for _ in range(draw.number(3, 8))) + ".",
        lambda: (
            f"{draw.one(words.NAMES)} has {draw.number(11, 100)} {draw.one(words.NOUNS)}s and {draw.number(2, 9)} more."
        ),
        lambda: f"The total is {draw.number(101, 10000)} point {draw.number(1, 10)}.",
        lambda: (
            f"It is {draw.number(1, 13)} {draw.number(10, 60)} {draw.one(('a m', 'p m'))}, {draw.one(words.NAMES)}."
        ),
        lambda: f"{draw.number(1, 100)} plus {draw.number(1, 100)} makes {draw.number(2, 200)}.",
        lambda: f"Platform {draw.number(1, 30)}, room {draw.number(1, 900)}, before {draw.number(1, 13)} o'clock.",
    )
    return forms[draw.number(0, len(forms))]()


def _command(draw: _Draw) -> str:
    text = f"{draw.one(words.COMMANDS)} {draw.one(words.OBJECTS)}"
    return (
        f"{draw.one(('please', words.NAMES[draw.number(0, len(words.NAMES))]))}, {text}."
        if draw.number(0, 2)
        else f"{text}."
    )


def _reply(draw: _Draw) -> str:
    count = draw.number(1, 4)
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in (draw.one(words.REPLIES) for _ in range(count)))


def _pangram(draw: _Draw) -> str:
    return draw.one(words.PANGRAMS)


_FORMS = (
    (0.30, _plain),
    (0.14, _compound),
    (0.16, _lips),
    (0.10, _question),
    (0.10, _numbers),
    (0.09, _command),
    (0.09, _reply),
    (0.02, _pangram),
)
