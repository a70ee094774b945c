"""Blinks for training: a tracker sees them, no sound tells of them, and a latent face that never met one loses them."""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.rigs.arkit import ARKIT_52

LIDS = tuple(ARKIT_52.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight"))
HALF_FRAMES = 3.0
"""Half the length of a blink in frames: 100 ms down, 100 ms up, the middle of what is measured in speech (Cummins 2012,
"Gaze and blinking in dyadic conversation")."""
CHANCE = 0.8
"""That a segment has a blink."""


def with_blinks(targets: Tensor, generator: torch.Generator) -> Tensor:
    """Targets (B, T, 52) with at most one blink of both eyes in each segment; `generator` is on the CPU."""
    batch, frames, _ = targets.shape
    centre = torch.rand(batch, 1, generator=generator) * frames
    happens = torch.rand(batch, 1, generator=generator) < CHANCE
    distance = ((torch.arange(frames) - centre).abs() / HALF_FRAMES).clamp(max=1)
    closed = (0.5 + 0.5 * torch.cos(torch.pi * distance)) * happens
    blinking = targets.clone()
    for lid in LIDS:
        blinking[..., lid] = torch.maximum(targets[..., lid], closed.to(targets))
    return blinking
