"""Rooms: synthetic impulse responses of exponentially decaying noise behind a direct path.

The statistical model of late reverberation is Polack's (1988; see Kuttruff, "Room Acoustics"); early reflections are a
few single echoes. The direct path stays at sample 0, so labels keep their times.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from sdk.spec import SAMPLE_RATE

FIRST_ECHO, LAST_ECHO = 0.002, 0.030
"""Seconds within which early reflections arrive."""
ECHOES = 6
RATIO_DB = (-4.0, 14.0)
"""Direct to reverberant energy: from across a room to a close microphone."""


def room_response(rt60: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Impulse response (round(rt60 * 16000),) of a random room, 1 at sample 0.

    Args:
        rt60: seconds in which the sound falls by 60 dB.
        generator: source of chance.
    """
    count = max(round(rt60 * SAMPLE_RATE), round(LAST_ECHO * SAMPLE_RATE) + 1)
    time = np.arange(count) / SAMPLE_RATE
    decay = 10 ** (-3 * time / rt60)
    tail = generator.standard_normal(count) * decay
    tail[: round(LAST_ECHO * SAMPLE_RATE)] *= 0.3
    arrivals = generator.uniform(FIRST_ECHO, LAST_ECHO, ECHOES)
    heights = generator.uniform(2, 6, ECHOES) * generator.choice([-1, 1], ECHOES)
    np.add.at(tail, (arrivals * SAMPLE_RATE).astype(int), heights)
    tail[0] = 0
    ratio = 10 ** (generator.uniform(*RATIO_DB) / 10)
    tail /= np.sqrt((tail**2).sum() * ratio)
    tail[0] = 1
    return tail.astype(np.float32)


def reverberate(pcm: NDArray[np.float32], response: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound (N,) in the room of `response`; the tail behind its end is cut."""
    wet: NDArray[np.float32] = fftconvolve(pcm, response)[: len(pcm)].astype(np.float32)
    return wet
