"""Pauses of digital silence: a stream on a device holds more of them than a recorded sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE
from sdk.training.phones import SILENCE, TimedPhone

FADE = 80
"""Samples (5 ms) to fade out and in on either side, so that the cut does not click."""


def pauses(phones: Sequence[TimedPhone], seconds: float) -> list[float]:
    """Times at which a pause may be put in: the clip's two ends and the middle of each silent phone."""
    return [0.0, *((phone.start + phone.end) / 2 for phone in phones if phone.name == SILENCE), seconds]


def insert_silence(
    pcm: NDArray[np.float32], phones: Sequence[TimedPhone], at: float, seconds: float
) -> tuple[NDArray[np.float32], tuple[TimedPhone, ...]]:
    """Put `seconds` of silence in at a time `at` of `pauses`.

    Args:
        pcm: (N,) at 16 kHz.
        phones: its labels.
        at: seconds; inside a silent phone, or between phones.
        seconds: of silence.

    Returns:
        pcm (N + round(seconds * 16000),) and its labels; a silent phone around `at` has grown.
    """
    index, count = min(round(at * SAMPLE_RATE), len(pcm)), round(seconds * SAMPLE_RATE)
    shift = count / SAMPLE_RATE
    before, after = pcm[:index].copy(), pcm[index:].copy()
    ramp = np.linspace(0, 1, FADE, dtype=np.float32)
    before[max(0, index - FADE) :] *= ramp[::-1][-min(index, FADE) :] if index else 1
    after[:FADE] *= ramp[: len(after)]
    moved = tuple(
        TimedPhone(phone.name, phone.start + shift * (phone.start >= at), phone.end + shift * (phone.end > at))
        for phone in phones
    )
    return np.concatenate([before, np.zeros(count, np.float32), after]), moved
