"""The published losses (Richard et al. 2021, section 3 and supplement; equal weights of 1 in the published code)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def reconstruction_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over all coordinates, in mm^2.

    Args:
        predicted: (B, T, V, 3) in mm.
        target: likewise.
    """
    return F.mse_loss(predicted, target)


def region_error(predicted: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Squared error averaged over the coordinates of weighted vertices, in mm^2.

    With the published eyelid vertices it is the landmark loss; with soft masks of mouth and upper face it is each half
    of the modality-crossing loss.

    Args:
        predicted: (B, T, V, 3) in mm.
        target: likewise.
        weights: (V,) not all zero.
    """
    frames = predicted.shape[0] * predicted.shape[1]
    weighted = (predicted - target).square() * weights[:, None]
    return weighted.sum() / (frames * weights.sum() * predicted.shape[-1])


def context_error(logprobs: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the context model, averaged over frames and heads, in nats.

    Args:
        logprobs: (B, T, H, C).
        labels: (B, T, H) int64.
    """
    return F.nll_loss(logprobs.flatten(0, 2), labels.flatten())
