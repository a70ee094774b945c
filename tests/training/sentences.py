"""Made-up speech with known phones: a buzz for what is voiced, hiss for what is not, silence in closures."""

from __future__ import annotations

import numpy as np

from sdk.spec import SAMPLE_RATE
from sdk.training.phones import BILABIALS, FRICATIVES, PHONES, SILENCE, STOPS, VOICELESS_STOPS, VOWELS, TimedPhone

BURST_SECONDS = 0.015


def sentence(names: str, *, lead: float = 0.4, vowel: float = 0.12, other: float = 0.08) -> list[TimedPhone]:
    """Phones by name, e.g. ``"m aa m aa"``, one after the other, silence of `lead` seconds on both sides."""
    phones, at = [TimedPhone(SILENCE, 0.0, lead)], lead
    for name in names.split():
        seconds = lead if name == SILENCE else vowel if name in VOWELS else other
        phones.append(TimedPhone(name, at, at + seconds))
        at += seconds
    return [*phones, TimedPhone(SILENCE, at, at + lead)]


def random_sentence(seed: int, count: int) -> list[TimedPhone]:
    """`count` phones of random kinds and of 40 to 180 ms, a pause now and then."""
    rng = np.random.default_rng(seed)
    phones, at = [TimedPhone(SILENCE, 0.0, 0.5)], 0.5
    for _ in range(count):
        name = SILENCE if rng.random() < 0.04 else str(rng.choice(PHONES))
        seconds = float(rng.uniform(0.04, 0.18)) + (0.3 if name == SILENCE else 0.0)
        phones.append(TimedPhone(name, at, at + seconds))
        at += seconds
    return [*phones, TimedPhone(SILENCE, at, at + 0.6)]


def speak(phones: list[TimedPhone], seed: int = 0) -> np.ndarray:
    """Sound of `phones` (N,) float32. Stops are silent up to the last 15 ms, which are hiss."""
    rng = np.random.default_rng(seed)
    count = int(np.ceil(phones[-1].end * SAMPLE_RATE))
    time = np.arange(count) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 30)) * 0.1
    hiss = rng.normal(0, 0.05, count)
    pcm = np.zeros(count)
    for phone in phones:
        first, last = round(phone.start * SAMPLE_RATE), round(phone.end * SAMPLE_RATE)
        if phone.name in STOPS:
            burst = last - int(BURST_SECONDS * SAMPLE_RATE)
            if phone.name not in VOICELESS_STOPS:
                pcm[first:burst] = 0.02 * np.sin(2 * np.pi * 120 * time[first:burst])
            pcm[burst:last] = hiss[burst:last]
        elif phone.name in BILABIALS:
            pcm[first:last] = 0.1 * np.sin(2 * np.pi * 240 * time[first:last])
        elif phone.name in FRICATIVES:
            pcm[first:last] = hiss[first:last]
        elif phone.name != SILENCE:
            pcm[first:last] = buzz[first:last]
    return pcm.astype(np.float32)
