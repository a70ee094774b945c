"""What a microphone hears when nobody speaks, generated: silence, a room, a hum, breath and music.

Everything is a function of a seed, at 16 kHz. A level is the root mean square in dBFS, 0 dBFS being a full-scale square
wave; of breaths it is that of the loudest moment.
None of it is taken from what models here are trained on: a model must not pass because it has heard this very sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE

Doubles = NDArray[np.float64]
Make = Callable[[int, np.random.Generator], Doubles]

LOWEST_NOISE = 20.0
"""Hertz below which noise of a room does not rise further."""
HUM, HUM_HARMONICS = 50.0, (1.0, 0.2, 0.5, 0.1, 0.3)
"""Hertz of the mains, and the strengths of its first five harmonics."""
BREATH_SECONDS, BREATH_EVERY, BREATH_BAND = (0.6, 1.4), 3.0, (400.0, 3500.0)
"""How long a breath lasts, how often one comes, and between which frequencies it is loud."""
PARTIALS = 6
"""Of a note; the strength of the n-th is 1 / n, as of a sawtooth."""
CHORD = (0, 4, 7)
"""Semitones of a major triad."""
MIDDLE_C, SEMITONE = 261.626, 2 ** (1 / 12)
NOTE_SECONDS, BAR_NOTES = 0.25, 8
PROGRESSION = (0, -3, 5, 7)
"""Semitones by which the bars of the music lie above the first: I, vi, IV and V, all taken as major."""


@dataclass(frozen=True)
class RestSound:
    """A sound that is no speech.

    Attributes:
        name: one word, for tables and JSON.
        meaning: what it is.
        level_dbfs: of the loudest moment; None for digital silence.
        make: (samples, generator) -> (samples,), whose root mean square is 1 where it is loudest.
        under_speech: whether it is there all the time, or begins when the speech has ended.
    """

    name: str
    meaning: str
    level_dbfs: float | None
    make: Make
    under_speech: bool = False

    def samples(self, count: int, seed: int) -> Doubles:
        """(count,) samples at the sound's level."""
        made = self.make(count, np.random.default_rng(seed))
        return made if self.level_dbfs is None else made * 10 ** (self.level_dbfs / 20)


def digital_silence(count: int, _: np.random.Generator) -> Doubles:
    """(count,) zeros."""
    return np.zeros(count)


def unit(sound: Doubles) -> Doubles:
    """`sound` with a root mean square of 1."""
    scaled: Doubles = sound / np.sqrt(np.square(sound).mean())
    return scaled


def coloured_noise(count: int, generator: np.random.Generator, slope: float) -> Doubles:
    """Gaussian noise (count,) whose power falls with the frequency to the power of `slope`: 1 is pink, 2 is brown."""
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), LOWEST_NOISE)
    return unit(np.fft.irfft(np.fft.rfft(generator.standard_normal(count)) * frequency ** (-slope / 2), count))


def pink_noise(count: int, generator: np.random.Generator) -> Doubles:
    """A room with people and machines far away."""
    return coloured_noise(count, generator, 1.0)


def brown_noise(count: int, generator: np.random.Generator) -> Doubles:
    """A room with a fan or traffic outside."""
    return coloured_noise(count, generator, 2.0)


def hum(count: int, generator: np.random.Generator) -> Doubles:
    """Mains hum with harmonics, on a little pink noise."""
    time = np.arange(count) / SAMPLE_RATE
    tones = sum(
        strength * np.sin(2 * np.pi * HUM * (harmonic + 1) * time + generator.uniform(0, 2 * np.pi))
        for harmonic, strength in enumerate(HUM_HARMONICS)
    )
    return unit(np.asarray(tones) + 0.1 * pink_noise(count, generator))


def breath(count: int, generator: np.random.Generator) -> Doubles:
    """Breaths: noise that swells and fades in a band of frequencies, nothing between."""
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    low, high = BREATH_BAND
    # First order below the band and second above: air through an open mouth has no sharp edges.
    shape = 1 / np.sqrt((1 + (low / np.maximum(frequency, 1.0)) ** 2) * (1 + (frequency / high) ** 4))
    noise = unit(np.fft.irfft(np.fft.rfft(generator.standard_normal(count)) * shape, count))
    envelope = np.zeros(count)
    for start in range(0, count, round(BREATH_EVERY * SAMPLE_RATE)):
        first = start + round(generator.uniform(0, 0.5) * SAMPLE_RATE)
        length = round(generator.uniform(*BREATH_SECONDS) * SAMPLE_RATE)
        swell = np.sin(np.pi * np.arange(length) / length) ** 2
        room = max(0, min(length, count - first))
        envelope[first : first + room] = swell[:room]
    return noise * envelope


def note(count: int, semitones: float, generator: np.random.Generator) -> Doubles:
    """A steady note (count,) so far above middle C, with `PARTIALS` partials in chance phases."""
    time = np.arange(count) / SAMPLE_RATE
    pitch = MIDDLE_C * SEMITONE**semitones
    total = np.zeros(count)
    for partial in range(1, PARTIALS + 1):
        total += np.sin(2 * np.pi * partial * pitch * time + generator.uniform(0, 2 * np.pi)) / partial
    return total


def chord(count: int, generator: np.random.Generator) -> Doubles:
    """A steady triad on middle C: harmonics in the range of voices, and no rhythm that tells it from a vowel."""
    return unit(np.asarray(sum(note(count, semitones, generator) for semitones in CHORD)))


def music(count: int, generator: np.random.Generator) -> Doubles:
    """Broken chords of decaying notes over a bass, four notes a second."""
    step = round(NOTE_SECONDS * SAMPLE_RATE)
    total = np.zeros(count)
    decay = np.exp(-np.arange(3 * step) / step)
    attack = np.minimum(1.0, np.arange(3 * step) / (0.01 * SAMPLE_RATE))
    for place, start in enumerate(range(0, count, step)):
        root = PROGRESSION[place // BAR_NOTES % len(PROGRESSION)]
        tones = [root + CHORD[place % len(CHORD)] + 12 * (place % 2)]
        if place % (BAR_NOTES // 2) == 0:
            tones.append(root - 12)
        for semitones in tones:
            room = min(3 * step, count - start)
            total[start : start + room] += (attack * decay * note(3 * step, semitones, generator))[:room]
    return unit(total)


SOUNDS = (
    RestSound("silence", "digital silence, every sample zero", None, digital_silence),
    RestSound("room_pink", "pink noise, under the speech too", -60.0, pink_noise, under_speech=True),
    RestSound("room_brown", "brown noise, under the speech too", -50.0, brown_noise, under_speech=True),
    RestSound("hum", "mains hum with harmonics, under the speech too", -50.0, hum, under_speech=True),
    RestSound("breath", "a breath of 0.6 to 1.4 s every 3 s", -45.0, breath),
    RestSound("breath_near", "the same breaths into the microphone", -35.0, breath),
    RestSound("chord", "a steady major triad", -26.0, chord),
    RestSound("music", "broken chords and a bass, four notes a second", -26.0, music),
)
"""The speech before them has -17 dBFS."""
