"""Another speaker from the same recording: resampling moves pitch, formants and tempo together.

Known as speed perturbation (Ko, Peddinti, Povey and Khudanpur 2015, "Audio augmentation for speech recognition").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdk.audio.resample import resample
from sdk.spec import SAMPLE_RATE
from sdk.training.phones import TimedPhone

RATE_STEP = 80
"""Hz. Rates that are multiples of it have at most 200 phases, so that the resampler's filters stay small."""


def perturb_speaker(
    pcm: NDArray[np.float32], phones: Sequence[TimedPhone], factor: float
) -> tuple[NDArray[np.float32], tuple[TimedPhone, ...]]:
    """Play faster and higher (`factor` above 1) or slower and lower, with the phones' times to match.

    Args:
        pcm: (N,) at 16 kHz.
        phones: its labels.
        factor: of pitch and tempo, rounded to a multiple of 1/200.

    Returns:
        pcm (about N / factor,) and the labels in its time.
    """
    rate = RATE_STEP * round(factor * SAMPLE_RATE / RATE_STEP)
    exact = rate / SAMPLE_RATE
    scaled = tuple(TimedPhone(phone.name, phone.start / exact, phone.end / exact) for phone in phones)
    return resample(pcm, rate), scaled
