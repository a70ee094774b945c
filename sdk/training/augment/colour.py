"""The colour of a microphone: a tilt of the spectrum and a few resonances, all minimum phase.

Filters are the peaking and shelving biquads of Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter
coefficients". Their delay at speech frequencies is below a millisecond, so labels keep their times.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from sdk.spec import SAMPLE_RATE

MOST_RESONANCES = 3
RESONANCE_DB = 8.0
"""Largest rise or dip of a resonance."""
TILT_CENTRE = 1000.0
"""Hz at which the tilt leaves the level as it is, about."""


def tilt_and_colour(pcm: NDArray[np.float32], tilt_db: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """The sound (N,) through a random microphone.

    Args:
        pcm: (N,) at 16 kHz.
        tilt_db: treble minus bass in dB.
        generator: draws the resonances.
    """
    sections = [high_shelf(TILT_CENTRE, tilt_db)]
    for _ in range(generator.integers(0, MOST_RESONANCES + 1)):
        frequency = float(np.exp(generator.uniform(math.log(120), math.log(6500))))
        sections.append(peak(frequency, generator.uniform(-RESONANCE_DB, RESONANCE_DB), generator.uniform(0.7, 3)))
    coloured: NDArray[np.float64] = sosfilt(np.array(sections), pcm) * 10 ** (-tilt_db / 40)
    return coloured.astype(np.float32)


def peak(frequency: float, gain_db: float, quality: float) -> list[float]:
    """Biquad section ``b0 b1 b2 1 a1 a2`` that raises `frequency` by `gain_db`."""
    amplitude, angle = 10 ** (gain_db / 40), 2 * math.pi * frequency / SAMPLE_RATE
    alpha = math.sin(angle) / (2 * quality)
    middle = -2 * math.cos(angle)
    top = (1 + alpha * amplitude, middle, 1 - alpha * amplitude)
    return _normal(top, (1 + alpha / amplitude, middle, 1 - alpha / amplitude))


def high_shelf(frequency: float, gain_db: float) -> list[float]:
    """Biquad section that raises everything above `frequency` by `gain_db`, with a gentle slope (S = 0.3)."""
    amplitude, angle = 10 ** (gain_db / 40), 2 * math.pi * frequency / SAMPLE_RATE
    cosine = math.cos(angle)
    alpha = math.sin(angle) / 2 * math.sqrt((amplitude + 1 / amplitude) * (1 / 0.3 - 1) + 2)
    up, down, root = amplitude + 1, amplitude - 1, 2 * math.sqrt(amplitude) * alpha
    top = (
        amplitude * (up + down * cosine + root),
        -2 * amplitude * (down + up * cosine),
        amplitude * (up + down * cosine - root),
    )
    return _normal(top, (up - down * cosine + root, 2 * (down - up * cosine), up - down * cosine - root))


def _normal(top: tuple[float, float, float], bottom: tuple[float, float, float]) -> list[float]:
    return [value / bottom[0] for value in (*top, *bottom)]
