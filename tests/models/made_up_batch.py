"""A batch as the trainer gives it, small and made up, from which a task can learn something."""

from __future__ import annotations

import torch

from sdk.rigs.arkit import ARKIT_52
from sdk.training.task import Batch

HOPS, FRAMES = 60, 36
JAW, CLOSE = ARKIT_52.index("jawOpen"), ARKIT_52.index("mouthClose")


def made_up(batch: int = 4, seed: int = 0) -> Batch:
    """Segments whose jaw follows one band of the sound; lips closed in frames 10 to 12, silence in the last six."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(batch, HOPS, 160, generator=generator)
    loud = torch.nn.functional.avg_pool1d(features[:, :, :20].mean(-1)[:, None], 5, 1, 2)[:, 0] * 3
    features[:, :, :20] += 2 * loud[:, :, None]
    targets = torch.zeros(batch, FRAMES, 52)
    targets[:, :, JAW] = torch.sigmoid(loud[:, (torch.arange(FRAMES) * 5 // 3).clamp(max=HOPS - 1)]) * 0.5
    closures, silence = torch.zeros(batch, FRAMES), torch.zeros(batch, FRAMES)
    closures[:, 10:13] = 1
    targets[:, 10:13, CLOSE] = targets[:, 10:13, JAW]
    silence[:, -6:] = 1
    targets[:, -6:] = 0
    phones = torch.where(silence == 1, 39, torch.arange(FRAMES) // 5)
    return Batch(features, targets, closures, silence, torch.ones(batch, FRAMES), phones)
