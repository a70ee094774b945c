"""Phones with times: what every speech source is brought to, and what the teacher reads.

The set is ARPAbet in lower case without stress marks (the 39 phones of the CMU Pronouncing Dictionary, Carnegie Mellon
University), and `SILENCE`. A stop is one phone that spans closure and burst; its `end` is the burst's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

SILENCE = "sil"

VOWELS = frozenset({"aa", "ae", "ah", "ao", "aw", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw"})
BILABIALS = frozenset({"p", "b", "m"})
"""Both lips close."""
LABIODENTALS = frozenset({"f", "v"})
"""The lower lip meets the upper teeth."""
VOICELESS_STOPS = frozenset({"p", "t", "k"})
VOICED_STOPS = frozenset({"b", "d", "g"})
STOPS = VOICELESS_STOPS | VOICED_STOPS
AFFRICATES = frozenset({"ch", "jh"})
FRICATIVES = frozenset({"dh", "f", "hh", "s", "sh", "th", "v", "z", "zh"})
NASALS = frozenset({"m", "n", "ng"})
APPROXIMANTS = frozenset({"l", "r", "w", "y"})
CONSONANTS = STOPS | AFFRICATES | FRICATIVES | NASALS | APPROXIMANTS

PHONES: tuple[str, ...] = (*sorted(VOWELS | CONSONANTS), SILENCE)
"""All phones, in alphabetical order, `SILENCE` last: 40 names. A phone's place is its class number."""

PHONE_INDEX: dict[str, int] = {name: index for index, name in enumerate(PHONES)}


@dataclass(frozen=True, slots=True)
class TimedPhone:
    """One phone of an utterance.

    Attributes:
        name: one of `PHONES`.
        start: seconds from the utterance's first sample, finite, at least 0.
        end: seconds, after `start`.

    Raises:
        ValueError: the name is unknown, or the times are not those of an interval.
    """

    name: str
    start: float
    end: float

    def __post_init__(self) -> None:
        if self.name not in PHONE_INDEX:
            raise ValueError(f"{self.name!r} is not a phone")
        if not (math.isfinite(self.start) and math.isfinite(self.end) and 0 <= self.start < self.end):
            raise ValueError(f"{self.name} from {self.start} to {self.end} s is not an interval")

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.end - self.start


def are_in_order(phones: Sequence[TimedPhone]) -> bool:
    """Whether no phone starts before the one before it ends. Gaps are allowed and mean silence."""
    return all(before.end <= after.start for before, after in itertools.pairwise(phones))
