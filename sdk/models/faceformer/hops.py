"""What both encoders share: the hop, its input, and the way from the hop clock to the frame clock."""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.spec import InputSpec

HOP = 320
"""Samples a step: the total stride of wav2vec 2.0's convolutions, 20 ms."""


def pcm_input() -> InputSpec:
    """The hop's samples, float32 in [-1, 1]."""
    return InputSpec(name="pcm", shape=(1, HOP), unit="full scale", source="audio.pcm")


def phase_mix(features: Tensor, newest: Tensor, phase: Tensor) -> Tensor:
    """Whole-clip form of the step's interpolation to the frame clock.

    Args:
        features: (H, c), one row a hop.
        newest: (T,) integer index of the newest complete hop at each frame, -1 where there is none.
        phase: (T,) part of a hop passed since, in [0, 1).

    Returns:
        (T, c): ``older + (newer - older) * phase``; rows before the stream are zeros.
    """
    padded = torch.cat([torch.zeros(2, features.shape[1]), features])
    older, newer = padded[newest + 1], padded[newest + 2]
    return older + (newer - older) * phase.reshape(-1, 1)
