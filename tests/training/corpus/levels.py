"""What the sound of a voice does where its labels have a /p/ or /b/, above 1 kHz and in dB."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sdk.training.corpus.closures import level_above
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import VOWELS


def closure_drops(speeches: Iterable[Speech]) -> list[float]:
    """From the middle of the vowel before each closure to the closure."""
    drops = []
    for speech in speeches:
        level = level_above(speech.pcm, 1000.0)
        for before, phone in zip(speech.phones, speech.phones[1:], strict=False):
            if phone.name in "pb" and before.name in VOWELS:
                middle_of_vowel = _at(level, (before.start + before.end) / 2)
                drops.append(middle_of_vowel - _at(level, phone.start + 0.6 * phone.seconds))
    return drops


def burst_rises(speeches: Iterable[Speech]) -> list[float]:
    """From 10 ms before the end of each closure to 10 ms after it, where a vowel follows."""
    rises = []
    for speech in speeches:
        level = level_above(speech.pcm, 1000.0)
        for phone, after in zip(speech.phones, speech.phones[1:], strict=False):
            if phone.name in "pb" and after.name in VOWELS:
                rises.append(_at(level, phone.end + 0.01) - _at(level, phone.end - 0.01))
    return rises


def _at(level: np.ndarray, seconds: float) -> float:
    return float(level[min(round(seconds * 400), len(level) - 1)])
