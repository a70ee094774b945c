"""The speech for a page: compressed sound, and the outline of its waveform."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

FLAC_BYTES = 1 << 20
"""Longest FLAC that a page holds: it is exact, and every browser plays it. Longer speech becomes Ogg Vorbis."""
PEAKS_A_SECOND = 200
MOST_PEAKS = 40_000
FLAC_RATE = 655_350
"""FLAC's highest rate in Hz."""


def encoded(pcm: NDArray[np.float32], rate: int) -> tuple[bytes, str]:
    """Samples (N,) in [-1, 1] at `rate` as a file that browsers play, and its media type."""
    finite = np.clip(np.nan_to_num(pcm, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
    if rate <= FLAC_RATE:
        flac = _file(finite, rate, "FLAC", "PCM_16")
        if len(flac) <= FLAC_BYTES:
            return flac, "audio/flac"
    return _file(finite, rate, "OGG", "VORBIS"), "audio/ogg"


def peaks(pcm: NDArray[np.float32], rate: int) -> NDArray[np.int8]:
    """(P,) loudest sample of each stretch of the speech, 127 for full scale; the stretches are equally long."""
    wanted = min(MOST_PEAKS, len(pcm), max(1, round(len(pcm) / rate * PEAKS_A_SECOND)))
    bounds = np.linspace(0, len(pcm), wanted + 1).astype(np.int64)[:-1]
    loud = np.abs(np.clip(np.nan_to_num(pcm), -1, 1))
    loudest: NDArray[np.float32] = np.maximum.reduceat(loud, bounds)
    return np.rint(loudest * 127).astype(np.int8)


def _file(pcm: NDArray[np.float32], rate: int, kind: str, subtype: str) -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, 1, subtype, format=kind) as sound:
        # In pieces: the Vorbis encoder of libsndfile takes no long block at once.
        for first in range(0, len(pcm), rate):
            sound.write(pcm[first : first + rate])
    return file.getvalue()
