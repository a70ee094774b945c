"""The modality-crossing loss on the channels of a rig: the mouth is the sound's, all else the tracked face's.

Richard et al. 2021, section 3.1: a face decoded from one segment's sound and another's expression must have the mouth
of the first and the upper face of the second.
"""

from __future__ import annotations

from torch import Tensor

from sdk.models.rig_losses import Frames, RigLosses


def crossing_losses(
    losses: RigLosses, crossed: Tensor, own: Frames, other: Tensor, regions: Tensor
) -> dict[str, Tensor]:
    """Losses of a face decoded from this segment's sound and another segment's expression.

    Args:
        losses: for the weights of the channels and the lip gap.
        crossed: (B, T, 52).
        own: the segment of the sound.
        other: (B, T, 52) targets of the segment of the expression.
        regions: (52, 2) shares of the upper face and of the mouth.

    Returns:
        ``crossing``, the mean absolute error of the weights by region; ``crossing_gap``, of the lip gap in mm.
    """
    upper, mouth = regions[:, 0], regions[:, 1]
    target = other * upper + own.targets * mouth
    error = ((crossed - target).abs() * losses.importance).mean(-1)
    gap = (losses.gap(crossed) - losses.gap(target)).abs()
    frames = own.valid.sum().clamp(min=1)
    return {
        "crossing": (error * own.valid).sum() / frames,
        "crossing_gap": (gap * own.valid).sum() / frames,
    }
