"""What a microphone hears beside speech, each sound from a generator: a room, a hum, a chord, breath, knocks.

`sdk.training.augment.noise` has more. None of it is shared with `sdk.parity.rest.sounds`, which judges.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from sdk.spec import SAMPLE_RATE
from sdk.training.augment.draws import Samples, log_uniform
from sdk.training.augment.noise import coloured, note, unit, white

BREATHS_A_MINUTE = (8.0, 30.0)
BREATH_LOW, BREATH_HIGH = (100.0, 900.0), (1_500.0, 7_000.0)
"""Hertz between which a breath's band begins and ends."""
SLOPE = (-0.5, 2.5)
"""By which power of the frequency a room's power falls: 0 is white, 1 pink, 2 brown; below 0 is hiss."""
HUM_HERTZ = (40.0, 130.0)
"""Mains, fans and engines."""
CHORD_NOTES, CHORD_HERTZ = 5, (80.0, 1_500.0)
"""Notes at most, and where they lie."""
KNOCKS_A_SECOND = (0.3, 6.0)
KNOCK_SECONDS = (0.002, 0.05)
"""Time constants in which a knock dies away."""


def room(count: int, generator: np.random.Generator) -> Samples:
    """Steady noise (count,) of a random slope, RMS 1."""
    return coloured(generator.standard_normal(count), generator.uniform(*SLOPE))


def hum(count: int, generator: np.random.Generator) -> Samples:
    """A low note (count,) with its harmonics, RMS 1."""
    return unit(note(count, generator.uniform(*HUM_HERTZ), generator))


def chord(count: int, generator: np.random.Generator) -> Samples:
    """One to five steady notes at once, (count,), RMS 1: a mouth must not take them for a vowel."""
    total = np.zeros(count)
    for _ in range(generator.integers(1, CHORD_NOTES + 1)):
        total += note(count, log_uniform(CHORD_HERTZ, generator), generator)
    return unit(total)


def breath(count: int, generator: np.random.Generator) -> Samples:
    """Breathing near a microphone, (count,), RMS about 1 at its loudest: noise in a band that swells and fades.

    The band is that of a mouth, a nose or a microphone close to either, drawn anew for each clip.
    """
    low, high = (log_uniform(edges, generator) for edges in (BREATH_LOW, BREATH_HIGH))
    order = int(generator.integers(1, 3))
    airy = sosfilt(butter(order, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), white(count, generator))
    airy /= max(float(np.sqrt(np.square(airy).mean())), 1e-9)
    rate = generator.uniform(*BREATHS_A_MINUTE) / 60
    phase = generator.uniform(0, 1)
    # In and out are two swells a breath; the power makes the rests between them.
    swell = np.sin(2 * np.pi * (np.arange(count) / SAMPLE_RATE * rate + phase)) ** 2
    return np.asarray(airy * swell ** generator.uniform(1, 6), np.float32)


def knocks(count: int, generator: np.random.Generator) -> Samples:
    """Keys, steps and hands on the device, (count,), RMS 1: short bursts of noise, each with its own colour."""
    total = np.zeros(count)
    for start in np.flatnonzero(generator.random(count) < generator.uniform(*KNOCKS_A_SECOND) / SAMPLE_RATE):
        decay = log_uniform(KNOCK_SECONDS, generator) * SAMPLE_RATE
        length = min(round(6 * decay), count - int(start))
        burst = room(length, generator) * np.exp(-np.arange(length) / decay)
        total[start : start + length] += generator.uniform(0.2, 1) * burst
    return unit(total)
