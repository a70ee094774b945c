"""The published MeshTalk as it streams: its front end on one global grid, its level estimated as the sound comes."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from sdk.audio.level import LevelNormaliser
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.front_end import FLOOR, LEVEL, N_FFT, WINDOW
from sdk.models.meshtalk.streaming.config import HOP, MelConfig, StreamingConfig, TrackingConfig
from sdk.spec import FrameRate

RATE = FrameRate(num=30)
"""The published code counts 533 samples a frame and shows them at 30 a second; a stream keeps true time."""

REGIONS = ("face",)
"""The published masks of mouth and upper face may not be shipped, so a tracked face is trusted as a whole."""

WINDOW_ENERGY = 3 * WINDOW / 8
"""Sum of the squared periodic Hann window, which the published power holds and `LogMel` divides out."""


def column_offset(calibration: NDArray[np.float32]) -> float:
    """What to add to the stream's columns for the published ones, natural logarithm.

    The published gain makes the mean magnitude of the clip `LEVEL`. The stream's level makes the variance about 1; how
    far apart the two are is a property of speech, measured here.

    Args:
        calibration: (N,) speech at 16 kHz, at least one hop.
    """
    whole = len(calibration) // HOP * HOP
    assert whole, "calibration needs at least one hop of audio"
    levelled = LevelNormaliser(HOP)(torch.from_numpy(calibration[:whole]).reshape(1, -1))
    gain = LEVEL / float(levelled.abs().mean())
    return math.log(gain * gain * WINDOW_ENERGY)


def published_config(
    model: MeshTalkConfig, offset: float, *, tracking: bool, frame_rate: FrameRate | None, lookahead_samples: int
) -> StreamingConfig:
    """Sizes of the streaming form; `offset` is from `column_offset`. The floor is the published one."""
    return StreamingConfig(
        model=model,
        mel=MelConfig(window=WINDOW, n_fft=N_FFT, floor=FLOOR / math.exp(offset)),
        tracking=TrackingConfig(regions=REGIONS) if tracking else None,
        frame_rate=frame_rate or RATE,
        lookahead_samples=lookahead_samples,
    )
