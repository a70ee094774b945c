"""Sound for a pause between sentences: noise, music or breath that the face should not move to.

A model that hears such sound in clips of its own alone (see `sdk.training.augment.rest`) takes it for speech when it
follows a sentence, for by then the level of the voice is known.
"""

from __future__ import annotations

import numpy as np

from sdk.training.augment.ambience import breath
from sdk.training.augment.draws import Samples, one_of
from sdk.training.augment.noise import KINDS

LIKELY = {"breath": 6, "music": 6, "pink": 2}
"""How many times as often as other noise these come: they are what opens a mouth that should rest."""
FADE = 320
"""Samples (20 ms) in which an interlude comes and goes."""
LEVEL_DB = (-32.0, 0.0)
"""Range of its RMS level against the loud half of the speech beside it."""


def interlude(count: int, speech_level: float, generator: np.random.Generator) -> Samples:
    """Sound (count,) for a pause.

    Args:
        count: samples.
        speech_level: of the speech beside it, see `sdk.training.augment.noise.speech_level`.
        generator: decides all else.
    """
    makers = {**KINDS, "breath": breath}
    sound = one_of(makers, LIKELY, generator)(count, generator)
    ramp = np.linspace(0, 1, min(FADE, count // 2))
    sound[: len(ramp)] *= ramp
    sound[count - len(ramp) :] *= ramp[::-1]
    return np.asarray(sound * speech_level * 10 ** (generator.uniform(*LEVEL_DB) / 20), np.float32)
