"""The published smoothing over time of chosen regions of the face, which hides jitter of the forehead and the neck."""

from __future__ import annotations

import torch
from torch import Tensor

RADIUS = 4
"""Frames to either side: the smoothed regions look 4 frames (133 ms) ahead."""
SIGMA = 2.0
"""Standard deviation of the Gaussian, in frames."""


def gaussian_taps() -> Tensor:
    """The filter (9,), which sums to 1."""
    offsets = torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float32)
    taps = torch.exp(-offsets.square() / (2 * SIGMA**2))
    return taps / taps.sum()


def smooth(geometry: Tensor, mask: Tensor) -> Tensor:
    """Blend geometry with itself smoothed over time; the first and last frames are repeated beyond the ends.

    Args:
        geometry: (B, T, V, 3).
        mask: (V,), 0 leaves a vertex as it is, 1 replaces it.

    Returns:
        (B, T, V, 3).
    """
    frames = geometry.shape[1]
    places = torch.arange(-RADIUS, frames + RADIUS, device=geometry.device).clamp(0, frames - 1)
    padded = geometry[:, places]
    smoothed = torch.zeros_like(geometry)
    for offset, tap in enumerate(gaussian_taps().tolist()):
        smoothed.add_(padded[:, offset : offset + frames], alpha=tap)
    return torch.lerp(geometry, smoothed, mask[:, None])
