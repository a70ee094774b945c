"""Clips in which nobody speaks, so that the face learns to rest: noise, tones, chords, breath, digital silence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from sdk.spec import SAMPLE_RATE
from sdk.training.augment.noise import KINDS, white

SECONDS = (3.0, 6.0)
LEVELS_DB = (-70.0, -12.0)
"""Range of the RMS level against full scale."""
SILENT = 0.05
"""Part of the clips that are digital silence."""
BREATHS_A_MINUTE = (10.0, 25.0)


def rest_clip(generator: np.random.Generator) -> NDArray[np.float32]:
    """A clip (N,) at 16 kHz of 3 to 6 s that no face should move to."""
    count = round(generator.uniform(*SECONDS) * SAMPLE_RATE)
    if generator.random() < SILENT:
        return np.zeros(count, np.float32)
    names = [*KINDS, "breath"]
    kind = names[int(generator.integers(len(names)))]
    sound = breath(count, generator) if kind == "breath" else KINDS[kind](count, generator)
    return np.asarray(np.clip(sound * 10 ** (generator.uniform(*LEVELS_DB) / 20), -1, 1), np.float32)


def breath(count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Breathing near a microphone, (count,), RMS about 1 at its loudest: noise without bass that swells and fades."""
    airy = lfilter([1, -0.7], [1], white(count, generator))
    rate = generator.uniform(*BREATHS_A_MINUTE) / 60
    phase = generator.uniform(0, 1)
    # In and out are two swells a breath; the power makes the rests between them.
    swell = np.sin(2 * np.pi * (np.arange(count) / SAMPLE_RATE * rate + phase)) ** 2
    breathing: NDArray[np.float32] = np.asarray(airy * swell ** generator.uniform(1, 4), np.float32)
    return breathing
