"""Sample formats: whatever an app holds, as one channel of float32."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import AudioError

FULL_SCALE_INT16 = 32_768
"""int16 samples are divided by this, so that -32768 is -1.0."""
MOST_CHANNELS = 64
"""More are taken for a transposed array."""


def to_mono_float(pcm: ArrayLike) -> NDArray[np.float32]:
    """Samples as float32 with full scale 1.0, channels averaged.

    Non-finite samples pass through unchanged (in a mix they make that sample non-finite): the session counts and
    clears them. Floats beyond full scale are not clipped.

    Args:
        pcm: int16, float32 or float64 of shape (N,) or (N, channels), 1 to 64 channels; N may be 0.

    Returns:
        (N,) float32, C-contiguous; may be `pcm` itself.

    Raises:
        AudioError: another type or shape.
    """
    samples = np.asarray(pcm)
    if samples.dtype not in (np.int16, np.float32, np.float64):
        raise AudioError("pcm", f"type {samples.dtype} is not a sample format", "give int16, float32 or float64")
    if samples.ndim not in (1, 2) or samples.shape[1:] == (0,):
        raise AudioError("pcm", f"shape {samples.shape} is not sound", "give (samples,) or (samples, channels)")
    if samples.ndim == 2 and samples.shape[1] > MOST_CHANNELS:
        problem = f"shape {samples.shape} has more than {MOST_CHANNELS} channels"
        raise AudioError("pcm", problem, "give (samples, channels), not (channels, samples)")
    if samples.dtype == np.int16:
        samples = samples.astype(np.float32) / np.float32(FULL_SCALE_INT16)
    if samples.ndim == 2:
        # Left to right by elementwise sums: a library's sum may associate differently for another number of frames.
        total = samples[:, 0].astype(np.float64)
        for channel in range(1, samples.shape[1]):
            total = total + samples[:, channel]
        samples = total / samples.shape[1]
    return np.ascontiguousarray(samples, dtype=np.float32)
