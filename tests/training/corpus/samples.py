"""Utterances for the tests: made up, or strategies that make them up."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sdk.training.corpus.utterance import SPLITS, Utterance
from sdk.training.phones import PHONES, TimedPhone

RATE = 16_000


def utterance(number: int = 0, seconds: float = 0.5, split: str = "train") -> Utterance:
    samples = round(seconds * RATE)
    noise = np.random.default_rng(number).integers(-3000, 3000, samples)
    middle = samples // 2 / RATE
    phones = (TimedPhone("sil", 0.0, middle), TimedPhone("ah", middle, samples / RATE))
    name = f"{split}-000000-{number:04d}"
    return Utterance(name, (noise / 32768).astype(np.float32), phones, f"word {number}", "v", "s", split, "CC0-1.0")


@st.composite
def utterances(draw: st.DrawFn, number: int = 0) -> Utterance:
    lengths = draw(st.lists(st.integers(1, 4000), min_size=1, max_size=12))
    edges = np.concatenate([[0], np.cumsum(lengths)]) / RATE
    names = draw(st.lists(st.sampled_from(PHONES), min_size=len(lengths), max_size=len(lengths)))
    pcm = np.random.default_rng(draw(st.integers(0, 99))).integers(-32768, 32768, sum(lengths)) / 32768
    return Utterance(
        id=f"u-{number:04d}",
        pcm=pcm.astype(np.float32),
        phones=tuple(TimedPhone(n, *map(float, e)) for n, *e in zip(names, edges[:-1], edges[1:], strict=True)),
        text=draw(st.text(st.characters(codec="utf-8"), max_size=40)),
        voice=draw(st.text("abc+-/", max_size=8)),
        source="made-up",
        split=draw(st.sampled_from(SPLITS)),
        licence="CC0-1.0",
    )


def same(one: Utterance, other: Utterance) -> bool:
    fields = ("id", "phones", "text", "voice", "source", "split", "licence")
    return all(getattr(one, f) == getattr(other, f) for f in fields) and np.array_equal(one.pcm, other.pcm)
