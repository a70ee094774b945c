"""Samples on their way in: checked, made finite, clipped, resampled to 16 kHz. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.audio.pcm import to_mono_float
from sdk.audio.resample import Resampler, ResamplerState
from sdk.errors import AudioError, SessionError
from sdk.runtime.executor import Array
from sdk.spec import SAMPLE_RATE


@dataclass(frozen=True, eq=False)
class Intake:
    """A stream's resampler and where it stands, both fixed by the first push. A value: `take` gives the next one."""

    resampler: Resampler
    state: ResamplerState


@dataclass(frozen=True, eq=False)
class Taken:
    """A piece of a push.

    Attributes:
        samples: (M,) float32 at 16 kHz that could be computed.
        intake: the intake after it.
        non_finite: pushed samples that were NaN or infinite.
        clipped: pushed samples that were beyond [-1, 1].
    """

    samples: Array
    intake: Intake
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


def open_intake(so_far: Intake | None, sample_rate: int | None) -> Intake:
    """The stream's intake, made anew for the first push: at the rate given, or 16 kHz.

    Raises:
        AudioError: the rate is impossible.
        SessionError: the stream has another rate already.
    """
    if so_far is None:
        resampler = Resampler(SAMPLE_RATE if sample_rate is None else sample_rate)
        return Intake(resampler, resampler.init_state())
    rate = so_far.resampler.rate_in
    if sample_rate not in (None, rate):
        raise SessionError(
            "sample_rate", f"{sample_rate} Hz after {rate} Hz in one stream", "call reset() before another rate"
        )
    return so_far


def take(intake: Intake, pcm: NDArray[Any]) -> Iterator[Taken]:
    """Bring a push (N,) to 16 kHz a second at a time, so that one of any length needs no further copy of itself."""
    second = intake.resampler.rate_in
    for first in range(0, len(pcm), second):
        taken = _take(intake, pcm[first : first + second])
        intake = taken.intake
        yield taken


def tail(intake: Intake) -> Array:
    """What the resampler still holds when a stream ends, (M,) float32 at 16 kHz."""
    return intake.resampler.flush(intake.state)


def _take(intake: Intake, pcm: NDArray[Any]) -> Taken:
    samples = to_mono_float(pcm)
    non_finite = clipped = 0
    if pcm.dtype == np.float32:
        finite = np.where(np.isfinite(samples), samples, np.float32(0))
        samples = np.clip(finite, np.float32(-1), np.float32(1))
        non_finite = int(np.count_nonzero(~np.isfinite(pcm)))
        clipped = int(np.count_nonzero(samples != finite))
    resampled, state = intake.resampler.step(samples, intake.state)
    return Taken(resampled, Intake(intake.resampler, state), non_finite, clipped)
