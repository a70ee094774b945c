"""What the sound of a voice does where its labels have a /p/ or /b/, above 1 kHz and in dB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from sdk.training.corpus.closures import level_above
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import VOWELS, TimedPhone


def closure_drops(speeches: Iterable[Speech]) -> list[float]:
    """From the middle of the vowel before each closure to the closure."""
    return [
        _at(level, (before.start + before.end) / 2) - _at(level, phone.start + 0.6 * phone.seconds)
        for level, before, phone in _neighbours(speeches)
        if phone.name in "pb" and before.name in VOWELS
    ]


def burst_rises(speeches: Iterable[Speech]) -> list[float]:
    """From 10 ms before the end of each closure to 10 ms after it, where a vowel follows."""
    return [
        _at(level, phone.end + 0.01) - _at(level, phone.end - 0.01)
        for level, phone, after in _neighbours(speeches)
        if phone.name in "pb" and after.name in VOWELS
    ]


def _neighbours(speeches: Iterable[Speech]) -> Iterator[tuple[np.ndarray, TimedPhone, TimedPhone]]:
    """Level of the sound, a phone and the next, for all of every speech."""
    for speech in speeches:
        level = level_above(speech.pcm, 1000.0)
        for one, following in pairwise(speech.phones):
            yield level, one, following


def _at(level: np.ndarray, seconds: float) -> float:
    return float(level[min(round(seconds * 400), len(level) - 1)])
