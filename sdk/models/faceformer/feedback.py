"""Free-running training at parallel cost: the decoder hears its own motion without going frame by frame.

A frame's weights depend on the weights shown before it. Pass 0 supposes that nothing was shown; pass k supposes that
what pass k - 1 made was shown, one frame late. Each pass is parallel over time, and what it makes is exact as far as
frame k: K passes reach the free-running motion of K frames, and come near it everywhere else, for the audio says most
of what is to be shown. (It is the Jacobi iteration of the closed loop.)

Teacher forcing would be cheaper and fails: fed with true motion the decoder learns to copy it, and fed with its own it
falls apart. Dropping the feedback of whole sequences and of single frames, and noise on the rest, keep it to the sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sdk.models.faceformer.rig_decoder import RigDecoder


@dataclass(frozen=True)
class FeedbackDrops:
    """What is taken from the feedback in training.

    Attributes:
        sequences: part of the sequences that get none.
        frames: part of the frames that get none.
        noise: standard deviation of what is added to each weight.
    """

    sequences: float = 0.5
    frames: float = 0.3
    noise: float = 0.08


def run_passes(decoder: RigDecoder, style: Tensor, memory: Tensor, passes: int, drops: Corruption | None) -> Tensor:
    """Weights of whole sequences after `passes` passes.

    Args:
        decoder: in the form that streams.
        style: (1, d) embedding.
        memory: (B, T, 2 d + 1), see `RigDecoder.whole`.
        passes: 1 or more; gradients flow through the last two.
        drops: what is done to the feedback before each pass, or None for nothing.

    Returns:
        (B, T, C) in [0, 1]. Its gradient is that of the unbounded weights (straight through), so that a channel beyond
        its bounds can come back.
    """
    batch, length, _ = memory.shape
    shown = memory.new_zeros(batch, length, decoder.leave.out_features)
    weights = shown
    for done in range(passes):
        with torch.set_grad_enabled(torch.is_grad_enabled() and done >= passes - 2):
            unbounded = decoder.whole(shown if drops is None else drops(shown), style, memory)
            weights = unbounded + (unbounded.clamp(0, 1) - unbounded).detach()
            shown = torch.cat([torch.zeros_like(weights[:, :1]), weights[:, :-1]], 1)
    return weights


class Corruption:
    """`FeedbackDrops` drawn once for a batch, so that every pass of it meets the same.

    Args:
        drops: how much.
        like: (B, T, C) of the feedback's shape, type and device.
        generator: the only source of chance.
    """

    def __init__(self, drops: FeedbackDrops, like: Tensor, generator: torch.Generator) -> None:
        batch, length, _ = like.shape
        sequences = torch.rand(batch, 1, 1, generator=generator) >= drops.sequences
        frames = torch.rand(batch, length, 1, generator=generator) >= drops.frames
        self.kept = (sequences & frames).to(like)
        self.noise = (torch.randn(like.shape, generator=generator) * drops.noise).to(like)

    def __call__(self, shown: Tensor) -> Tensor:
        """What the decoder is told of `shown`."""
        return (shown + self.noise) * self.kept
