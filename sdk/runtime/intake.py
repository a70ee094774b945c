"""Samples on their way in: checked, made finite, clipped, at 16 kHz. Knows nothing of models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.errors import AudioError, SessionError
from sdk.runtime.executor import Array
from sdk.spec import SAMPLE_RATE

INT16_SCALE = np.float32(1 / 32768)
"""A power of two: the conversion is exact, and -32768 is -1."""


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Samples (N,) float32, finite, in [-1, 1], and how many had to be changed for that."""

    samples: Array
    non_finite: int
    clipped: int


def check_pcm(pcm: object) -> NDArray[Any]:
    """The argument, known to be an array (N,) of float32 or int16.

    Raises:
        AudioError: it is anything else.
    """
    mend = "push a NumPy array (N,) of float32 in [-1, 1] or of int16"
    if not isinstance(pcm, np.ndarray):
        raise AudioError("pcm", f"a {type(pcm).__name__} is not an array", mend)
    if pcm.dtype not in (np.float32, np.int16):
        raise AudioError("pcm", f"its type is {pcm.dtype}", mend)
    if pcm.ndim != 1:
        raise AudioError("pcm", f"its shape is {pcm.shape}", f"{mend}; mix channels down first")
    return pcm


def check_rate(given: int | None, so_far: int | None) -> int:
    """Sample rate of a push: what is given, or what the stream has had so far, or 16000.

    Raises:
        AudioError: not a whole number.
        SessionError: the stream has another rate already.
    """
    if given is None:
        return so_far or SAMPLE_RATE
    if isinstance(given, bool) or int(given) != given:
        raise AudioError("sample_rate", f"{given!r} is not a whole number of Hz", "give the rate of the samples pushed")
    if so_far not in (None, given):
        raise SessionError(
            "sample_rate", f"{given} Hz after {so_far} Hz in one stream", "call reset() before a stream of another rate"
        )
    return int(given)


def clean(pcm: NDArray[Any]) -> Cleaned:
    """Float32 samples in [-1, 1] of float32 or int16 samples; NaN and infinities become 0, louder ones are clipped."""
    if pcm.dtype == np.int16:
        return Cleaned(pcm.astype(np.float32) * INT16_SCALE, 0, 0)
    finite = np.isfinite(pcm)
    samples = np.where(finite, pcm, np.float32(0))
    clipped = np.clip(samples, np.float32(-1), np.float32(1))
    return Cleaned(clipped, int(pcm.size - np.count_nonzero(finite)), int(np.count_nonzero(clipped != samples)))
