"""What a tracker loses of a face, for training: regions are hidden for a while, and held as the stream holds them."""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.models.meshtalk.streaming.config import TrackingConfig

FORGET = TrackingConfig.model_fields["forget"].default
"""Share of a hidden region's deviation that is kept each frame, as in the stream."""


def hide(face: Tensor, mean: Tensor, seen: Tensor, regions: Tensor) -> Tensor:
    """A tracked face of which regions are hidden.

    Args:
        face: (B, T, N) numbers of the face.
        mean: (N,) of the mean face.
        seen: (B, T, R) 1 where a region is seen, 0 where it is hidden.
        regions: (N, R), rows sum to 1.

    Returns:
        (B, T, N): a hidden number fades from where it was last seen to the mean face.
    """
    deviation = face - mean
    trust = seen @ regions.mT
    held = torch.zeros_like(deviation[:, 0])
    frames = []
    for frame in range(face.shape[1]):
        held = trust[:, frame] * deviation[:, frame] + (1 - trust[:, frame]) * held * FORGET
        frames.append(held)
    return mean + torch.stack(frames, 1)


def draw_seen(shape: tuple[int, int, int], share: float, generator: torch.Generator) -> Tensor:
    """Which regions are seen when: in `share` of the segments each region is hidden from one frame to another.

    Args:
        shape: B, T, R.
        share: chance that a region of a segment is hidden for a while.
        generator: on the CPU.

    Returns:
        (B, T, R) of 1 and 0.
    """
    batch, frames, regions = shape
    ends = torch.randint(0, frames + 1, (2, batch, 1, regions), generator=generator)
    start, stop = ends.min(0).values, ends.max(0).values
    time = torch.arange(frames).reshape(1, -1, 1)
    hidden = (time >= start) & (time < stop) & (torch.rand(batch, 1, regions, generator=generator) < share)
    return 1 - hidden.float()
