"""The speech for a page: compressed sound, and the outline of its waveform."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from sdk.audio.resample import resample
from sdk.spec import SAMPLE_RATE

FLAC_BYTES = 1 << 20
"""Longest FLAC that a page holds: it is exact, and every browser plays it. Longer speech becomes Ogg Vorbis."""
PEAKS_A_SECOND = 200
MOST_PEAKS = 40_000
FLAC_RATE, FLAC_TENFOLD_RATE = 65_535, 655_350
"""FLAC's highest rates in Hz: of any, and of those that are multiples of 10."""
VORBIS_RATE = 192_000
"""Highest rate in Hz that the Vorbis encoder is given: above 200,000 libvorbis refuses, and libsndfile can crash."""


def encoded(pcm: NDArray[np.float32], rate: int) -> tuple[bytes, str]:
    """Samples (N,) in [-1, 1] at `rate` as a file that browsers play, and its media type."""
    finite = np.clip(np.nan_to_num(pcm, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
    if rate <= FLAC_RATE or (rate <= FLAC_TENFOLD_RATE and rate % 10 == 0):
        flac = _file(finite, rate, "FLAC", "PCM_16")
        if len(flac) <= FLAC_BYTES:
            return flac, "audio/flac"
    if rate > VORBIS_RATE:
        finite, rate = _at_48_khz(finite, rate)
    return _file(finite, rate, "OGG", "VORBIS"), "audio/ogg"


def peaks(pcm: NDArray[np.float32], rate: int) -> NDArray[np.int8]:
    """(P,) loudest sample of each stretch of the speech, 127 for full scale; the stretches are equally long."""
    wanted = min(MOST_PEAKS, len(pcm), max(1, round(len(pcm) / rate * PEAKS_A_SECOND)))
    bounds = np.linspace(0, len(pcm), wanted + 1).astype(np.int64)[:-1]
    loud = np.abs(np.clip(np.nan_to_num(pcm), -1, 1))
    loudest: NDArray[np.float32] = np.maximum.reduceat(loud, bounds)
    return np.rint(loudest * 127).astype(np.int8)


def _at_48_khz(pcm: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], int]:
    """The samples at 48 kHz, and that rate: what any browser plays, and all that anyone hears.

    The SDK's resampler gives 16 kHz, so it is told that the sound is three times as slow. A third of the rate must be a
    whole number: rounding it is off by 2 in a million at most, 6 ms in an hour. The filter may overshoot a little.
    """
    slow: NDArray[np.float32] = np.clip(resample(pcm, round(rate / 3)), -1, 1)
    return slow, 3 * SAMPLE_RATE


def _file(pcm: NDArray[np.float32], rate: int, kind: str, subtype: str) -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, 1, subtype, format=kind) as sound:
        # In pieces: the Vorbis encoder of libsndfile takes no long block at once.
        for first in range(0, len(pcm), rate):
            sound.write(pcm[first : first + rate])
    return file.getvalue()
