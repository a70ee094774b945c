"""Masking of time spans in training (SpecAugment, Park et al. 2019, as wav2vec 2.0 fine-tuning uses it)."""

from __future__ import annotations

import torch
from torch import Tensor

PROBABILITY = 0.05
"""Part of the steps to mask, before the minimum and overlaps (published fine-tuning configuration)."""
SPAN = 10
"""Steps in a masked span."""
MINIMUM_SPANS = 2
"""Spans masked at least."""


def time_mask(batch: int, steps: int) -> Tensor:
    """Steps to mask, bool (batch, steps): spans of `SPAN` steps at distinct random starts, which may overlap.

    A clip of `SPAN` steps or fewer is left whole.
    """
    mask = torch.zeros(batch, steps, dtype=torch.bool)
    starts = steps - SPAN
    for row in mask if starts > 0 else ():
        spans = int(PROBABILITY * steps / SPAN + torch.rand(()).item())
        spans = min(max(spans, MINIMUM_SPANS), starts)
        first = torch.randperm(starts)[:spans]
        row[(first[:, None] + torch.arange(SPAN)).flatten()] = True
    return mask
