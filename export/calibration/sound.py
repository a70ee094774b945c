"""The sound of a calibration: excerpts of speech at several levels, in noise, and without anybody speaking."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE

Samples = NDArray[np.float32]

EXCERPT_SECONDS = 2.0
EXCERPTS = 6
"""Two of each kind."""
LOUD_PEAK, QUIET_PEAK = 0.9, 0.05
"""Of full scale: a voice close to the microphone and one 25 dB below it, across a room."""
NOISE_RATIO = 10 ** (-15 / 20)
"""RMS of the noise over that of the speech: 15 dB below, a street or a fan."""
ROOM_RMS = 10 ** (-60 / 20)
"""Of full scale: the noise of a quiet room and its microphone."""
REST_SECONDS = 0.5


@dataclass(frozen=True)
class CalibrationSound:
    """What every calibration of an export runs on.

    Attributes:
        pcm: (N,) float32 in [-1, 1] at 16 kHz.
        sha256: of the samples, for the manifest: the same scales can be had again from the same sound only.
    """

    pcm: Samples
    sha256: str


def calibration_sound(speech: Samples, seed: int = 0) -> CalibrationSound:
    """Excerpts from all of `speech`, in turn loud, quiet and noisy, then digital silence and the noise of a room.

    Args:
        speech: (N,) float32 at 16 kHz, a second at least, not all zero.
        seed: of the noise.
    """
    generator = np.random.default_rng(seed)
    parts = [(_loud, _quiet, _noisy)[index % 3](excerpt, generator) for index, excerpt in enumerate(_excerpts(speech))]
    rest = int(REST_SECONDS * SAMPLE_RATE)
    parts += [np.zeros(rest, np.float32), _white(rest, ROOM_RMS, generator)]
    pcm = np.concatenate(parts)
    return CalibrationSound(pcm, hashlib.sha256(pcm.tobytes()).hexdigest())


def _excerpts(speech: Samples) -> list[Samples]:
    """Of short speech they overlap."""
    length = min(len(speech), int(EXCERPT_SECONDS * SAMPLE_RATE))
    starts = np.linspace(0, len(speech) - length, EXCERPTS).astype(int)
    return [speech[start : start + length] for start in starts]


def _loud(excerpt: Samples, generator: np.random.Generator) -> Samples:  # noqa: ARG001
    return _to_peak(excerpt, LOUD_PEAK)


def _quiet(excerpt: Samples, generator: np.random.Generator) -> Samples:  # noqa: ARG001
    return _to_peak(excerpt, QUIET_PEAK)


def _noisy(excerpt: Samples, generator: np.random.Generator) -> Samples:
    level = NOISE_RATIO * float(np.sqrt(np.mean(excerpt.astype(np.float64) ** 2)))
    return _to_peak(excerpt + _white(len(excerpt), level, generator), LOUD_PEAK / 2)


def _to_peak(samples: Samples, peak: float) -> Samples:
    largest = float(np.abs(samples).max())
    return samples if largest == 0 else (samples * np.float32(peak / largest)).astype(np.float32)


def _white(count: int, rms: float, generator: np.random.Generator) -> Samples:
    return (rms * generator.standard_normal(count)).astype(np.float32)
