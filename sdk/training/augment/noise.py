"""Noise of five kinds, and its mixture at a given ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from sdk.spec import SAMPLE_RATE
from sdk.training.augment.draws import Maker, Samples, log_uniform

LOWEST = 20.0
"""Hertz below which noise does not grow louder."""
BABBLE_VOICES = 8
SYLLABLES_A_SECOND = 4.0
NOTES = 4
"""Sounding at once, at most, in a chord."""
A4 = 440.0
HARMONICS = 8
BEAT_SECONDS = (0.12, 0.8)
ATTACK_SECONDS = (0.001, 0.05)


def white(count: int, generator: np.random.Generator) -> Samples:
    """White Gaussian noise (count,), RMS about 1."""
    return generator.standard_normal(count).astype(np.float32)


def pink(count: int, generator: np.random.Generator) -> Samples:
    """Noise whose power falls by 3 dB an octave from 20 Hz, (count,), RMS 1."""
    return coloured(generator.standard_normal(count), 1.0)


def babble(count: int, generator: np.random.Generator) -> Samples:
    """Many voices at once, (count,), RMS 1: buzzes through two vowel resonances, each in its own rhythm.

    No recording is needed, and no word can be understood: the face must not follow it.
    """
    total = np.zeros(count)
    for _ in range(BABBLE_VOICES):
        pitch = generator.uniform(90, 260) * (1 + 0.1 * _slow(count, 2.0, generator))
        buzz = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE), prepend=0) + 0.02 * generator.standard_normal(count)
        voice = buzz
        for low, high in ((300, 800), (900, 2400)):
            voice = _resonate(voice, generator.uniform(low, high), 90.0)
        total += unit(voice) * np.maximum(0, _slow(count, SYLLABLES_A_SECOND, generator))
    return unit(total)


def tone(count: int, generator: np.random.Generator) -> Samples:
    """A steady tone with a few harmonics, (count,), RMS 1: a hum, a whistle, an alarm."""
    return unit(note(count, log_uniform((50, 4000), generator), generator))


def music(count: int, generator: np.random.Generator) -> Samples:
    """Notes and chords on a beat, plucked or bowed, (count,), RMS 1."""
    total = np.zeros(count)
    beat = round(log_uniform(BEAT_SECONDS, generator) * SAMPLE_RATE)
    most = int(generator.integers(1, NOTES + 1))
    attack = generator.uniform(*ATTACK_SECONDS) * SAMPLE_RATE
    for start in range(0, count, beat):
        length = min(3 * beat, count - start)
        time = np.arange(length)
        envelope = np.minimum(1, time / attack) * np.exp(-time / generator.uniform(0.4, 2.0) / beat)
        for semitone in generator.choice(np.arange(-24, 25), generator.integers(1, most + 1), replace=False):
            total[start : start + length] += envelope * note(length, A4 * 2 ** (semitone / 12), generator)
    return unit(total)


KINDS: dict[str, Maker] = {
    "white": white,
    "pink": pink,
    "babble": babble,
    "tone": tone,
    "music": music,
}
"""By name."""


def mix(speech: Samples, noise: Samples, ratio_db: float) -> Samples:
    """Speech (N,) with noise (N,) at a ratio of speech to noise in dB, of `speech_level`."""
    level = max(np.sqrt(np.square(noise, dtype=np.float64).mean()), 1e-9)
    return np.asarray(speech + speech_level(speech) / level * 10 ** (-ratio_db / 20) * noise, np.float32)


def speech_level(speech: Samples) -> float:
    """RMS of the louder half of the samples (N,): pauses do not make it less. 0 of none."""
    power = np.square(speech, dtype=np.float64)
    return float(np.sqrt(power[power >= np.median(power)].mean())) if len(speech) else 0.0


def coloured(sound: NDArray[np.float64], slope: float) -> Samples:
    """White noise (N,) whose power then falls with the frequency to the power of `slope`, from 20 Hz; RMS 1."""
    frequency = np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), LOWEST)
    return unit(np.fft.irfft(np.fft.rfft(sound) / frequency ** (slope / 2), len(sound)))


def note(count: int, frequency: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """A steady note (count,) with harmonics of random strengths and phases."""
    time = np.arange(count) / SAMPLE_RATE
    total = np.zeros(count)
    for harmonic in range(1, HARMONICS + 1):
        if harmonic * frequency < SAMPLE_RATE / 2:
            phase = generator.uniform(0, 2 * np.pi)
            total += generator.uniform(0.2, 1) / harmonic * np.sin(2 * np.pi * harmonic * frequency * time + phase)
    return total


def _slow(count: int, rate: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """A random curve (count,) with about `rate` turns a second, values about -1 to 1."""
    knots = generator.uniform(-1, 1, max(2, round(count / SAMPLE_RATE * rate * 2) + 2))
    curve: NDArray[np.float64] = np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)
    return curve


def _resonate(sound: NDArray[np.float64], frequency: float, bandwidth: float) -> NDArray[np.float64]:
    """One formant: a two-pole resonator (Klatt 1980, "Software for a cascade/parallel formant synthesizer")."""
    radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
    b, c = 2 * radius * np.cos(2 * np.pi * frequency / SAMPLE_RATE), -(radius**2)
    shaped: NDArray[np.float64] = lfilter([1 - b - c], [1, -b, -c], sound)
    return shaped


def unit(sound: NDArray[np.float64]) -> Samples:
    """`sound` (N,) at an RMS level of 1; silence as it is."""
    return np.asarray(sound / max(np.sqrt(np.square(sound).mean()), 1e-9), np.float32)
