"""What a corpus will hold, computed from its seed alone: shards, and in each the lines of each source.

Every line has a seed of its own, made of the corpus seed and the line's place. So a line that a voice refuses moves no
other line, a shard can be made anywhere in any order, and a corpus that stopped half-way goes on as if it had not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sdk.training.corpus.invented import invented_sentence
from sdk.training.corpus.sentences import sentence
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.utterance import SPLITS, Split
from sdk.training.corpus.voices import SOURCES

SHARD_SECONDS = 300.0
"""Of speech in a full shard: about 8 MB."""
HELD_OUT_SHARES: dict[Split, float] = {"validation": 0.04, "test": 0.06}
LEAST_HELD_OUT = 20.0
"""Seconds of speech in validation and in test, however small the corpus."""


@dataclass(frozen=True)
class ShardPlan:
    """One shard to be made.

    Attributes:
        split: of all its utterances.
        index: of the shard in its split.
        seconds: source -> seconds of speech wanted; the last utterance may exceed it.
    """

    split: Split
    index: int
    seconds: tuple[tuple[str, float], ...]

    @property
    def name(self) -> str:
        """File name, e.g. ``train-000003.tar``."""
        return shard_name(self.split, self.index)


def shard_name(split: Split, index: int) -> str:
    """File name of a shard."""
    return f"{split}-{index:06d}.tar"


def plan(hours: float, sources: Sequence[str]) -> tuple[ShardPlan, ...]:
    """Shards of a corpus with `hours` of generated speech from the named `SOURCES`."""
    held_out = {split: max(share * hours * 3600, LEAST_HELD_OUT) for split, share in HELD_OUT_SHARES.items()}
    wanted: dict[Split, float] = {"train": max(hours * 3600 - sum(held_out.values()), LEAST_HELD_OUT), **held_out}
    shards = []
    for split, seconds in wanted.items():
        shares = {name: SOURCES[name].shares.get(split, 0.0) for name in SOURCES if name in sources}
        total = sum(shares.values())
        count = max(1, round(seconds / SHARD_SECONDS))
        for index in range(count if total else 0):
            each = tuple((name, seconds / count * share / total) for name, share in shares.items() if share)
            shards.append(ShardPlan(split, index, each))
    return tuple(shards)


def lines(seed: int, split: Split, shard: int, source: str) -> Iterator[Line]:
    """Endless lines for one source in one shard."""
    voices, language = SOURCES[source].voices[split], SOURCES[source].language
    place = (seed, SPLITS.index(split), shard, list(SOURCES).index(source))
    index = 0
    while True:
        draw, words = np.random.default_rng([*place, index, 0]), [*place, index, 1]
        yield Line(
            text=sentence(words) if language == "english" else invented_sentence(language, words),
            voice=voices[int(draw.integers(len(voices)))].name,
            pace=float(np.exp(draw.uniform(np.log(0.8), np.log(1.3)))),
            pitch=float(draw.uniform(0.25, 0.75)),
            liveliness=float(draw.uniform(0.2, 0.8)),
            seed=int(draw.integers(2**31)),
        )
        index += 1
