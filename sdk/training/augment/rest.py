"""Sound in which nobody speaks, so that the face learns to rest: noise, tones, chords, breath, digital silence.

A model that hears it in clips of its own alone takes it for speech when it follows a sentence, for by then the level of
the voice is known: so it is also put between sentences (see `interlude`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from sdk.spec import SAMPLE_RATE
from sdk.training.augment.noise import KINDS, white

SECONDS = (3.0, 10.0)
"""So long that the level normaliser has forgotten its prior, and makes faint noise as loud as a voice."""
LEVELS_DB = (-70.0, -12.0)
"""Range of the RMS level against full scale."""
SILENT = 0.05
"""Part of the clips that are digital silence."""
BREATHS_A_MINUTE = (8.0, 30.0)
BREATH_LOW, BREATH_HIGH = (100.0, 900.0), (1_500.0, 7_000.0)
"""Hertz between which a breath's band begins and ends."""
LIKELY = {"breath": 6, "music": 6, "pink": 2}
"""How many times as often as noise these come: they are what opens a mouth that should rest."""
FADE = 320
"""Samples (20 ms) in which an interlude comes and goes."""
INTERLUDE_DB = (-32.0, 0.0)
"""Range of an interlude's RMS level against the loud half of the speech beside it."""


def rest_clip(generator: np.random.Generator) -> NDArray[np.float32]:
    """A clip (N,) at 16 kHz of 3 to 10 s that no face should move to."""
    count = round(generator.uniform(*SECONDS) * SAMPLE_RATE)
    if generator.random() < SILENT:
        return np.zeros(count, np.float32)
    sound = _resting_sound(count, generator)
    return np.asarray(np.clip(sound * 10 ** (generator.uniform(*LEVELS_DB) / 20), -1, 1), np.float32)


def interlude(count: int, speech_level: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Sound (count,) for a pause between sentences.

    Args:
        count: samples.
        speech_level: of the speech beside it, see `sdk.training.augment.noise.speech_level`.
        generator: decides all else.
    """
    sound = _resting_sound(count, generator)
    ramp = np.linspace(0, 1, min(FADE, count // 2))
    sound[: len(ramp)] *= ramp
    sound[count - len(ramp) :] *= ramp[::-1]
    return np.asarray(sound * speech_level * 10 ** (generator.uniform(*INTERLUDE_DB) / 20), np.float32)


def breath(count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Breathing near a microphone, (count,), RMS about 1 at its loudest: noise in a band that swells and fades.

    The band is that of a mouth, a nose or a microphone close to either, drawn anew for each clip.
    """
    low, high = (np.exp(generator.uniform(*np.log(edges))) for edges in (BREATH_LOW, BREATH_HIGH))
    order = int(generator.integers(1, 3))
    airy = sosfilt(butter(order, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), white(count, generator))
    airy /= max(float(np.sqrt(np.square(airy).mean())), 1e-9)
    rate = generator.uniform(*BREATHS_A_MINUTE) / 60
    phase = generator.uniform(0, 1)
    # In and out are two swells a breath; the power makes the rests between them.
    swell = np.sin(2 * np.pi * (np.arange(count) / SAMPLE_RATE * rate + phase)) ** 2
    breathing: NDArray[np.float32] = np.asarray(airy * swell ** generator.uniform(1, 6), np.float32)
    return breathing


def _resting_sound(count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Noise, music or breath (count,), RMS about 1."""
    makers = {**KINDS, "breath": breath}
    odds = np.array([LIKELY.get(name, 1) for name in makers], np.float64)
    kind = list(makers)[int(generator.choice(len(odds), p=odds / odds.sum()))]
    return makers[kind](count, generator)
