"""Where the map from raw samples begins to learn: tones of all pitches under a window, as a cochlea hears them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sdk.audio.logmel import even_pitches
from sdk.spec import SAMPLE_RATE

LOWEST, HIGHEST = 60.0, 7_200.0
"""Hertz of the first and the last filter."""


def gabor_filters(count: int, length: int) -> Tensor:
    """Cosines and sines in pairs under a Hann window, (count, length); each answers to unit noise with unit variance.

    Pitches are even on the mel scale. They are a beginning, not a front end: training is free to change them (as in
    Zeghidour et al., "LEAF", ICLR 2021). Random maps of samples take far longer to find out that pitch matters.

    Args:
        count: of filters, even.
        length: of each in samples at 16 kHz.
    """
    assert count % 2 == 0, "filters come in pairs"
    pitch = even_pitches(LOWEST, HIGHEST, count // 2)
    phase = 2 * math.pi * pitch[:, None] * torch.arange(length, dtype=torch.float64) / SAMPLE_RATE
    window = torch.hann_window(length, periodic=False, dtype=torch.float64)
    pairs = torch.stack([phase.cos() * window, phase.sin() * window], 1).reshape(count, length)
    return (pairs / pairs.square().sum(1, keepdim=True).sqrt()).float()
