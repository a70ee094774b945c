"""Where the map from raw samples begins to learn: tones of all pitches under a window, as a cochlea hears them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOWEST, HIGHEST, RATE = 60.0, 7_200.0, 16_000
"""Hertz of the first and the last filter, and of the samples."""


def gabor_filters(count: int, length: int) -> Tensor:
    """Cosines and sines in pairs under a Hann window, (count, length); each answers to unit noise with unit variance.

    Pitches are even on the mel scale. They are a beginning, not a front end: training is free to change them (as in
    Zeghidour et al., "LEAF", ICLR 2021). Random maps of samples take far longer to find out that pitch matters.

    Args:
        count: of filters, even.
        length: of each in samples at 16 kHz.
    """
    assert count % 2 == 0, "filters come in pairs"
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (LOWEST, HIGHEST))
    pitch = 700 * (10 ** (torch.linspace(low, high, count // 2, dtype=torch.float64) / 2595) - 1)
    phase = 2 * math.pi * pitch[:, None] * torch.arange(length, dtype=torch.float64) / RATE
    window = torch.hann_window(length, periodic=False, dtype=torch.float64)
    pairs = torch.stack([phase.cos() * window, phase.sin() * window], 1).reshape(count, length)
    return (pairs / pairs.square().sum(1, keepdim=True).sqrt()).float()
