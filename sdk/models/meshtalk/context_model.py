"""The published autoregressive context model: what the categories of a frame are likely to be, given the sound of the
frame, the categories before it and the lower heads of the same frame (Richard et al. 2021, section 3.2).

Things that the published weights say and the paper does not: head 0 sees nothing, since its logits are a bias only; a
head sees heads of its own frame from `MASKED_LAYERS` below it downwards; the past reaches 19 frames back.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.meshtalk.config import CODE, DILATIONS, SLOPE, MeshTalkConfig


def head_mask(heads: int, outputs: int, inputs: int) -> Tensor:
    """Which inputs each output sees, (heads * outputs, heads * inputs) of 0 and 1: those of lower heads."""
    lower = torch.ones(heads, heads).tril(-1)
    return lower.repeat_interleave(outputs, 0).repeat_interleave(inputs, 1)


class MaskedLayer(nn.Module):
    """Linear map within a frame, from lower heads to higher ones: the embedding and the logits.

    The published layer also stores ``unmasked_linear``, which it never uses; it is not here.
    """

    def __init__(self, heads: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.heads, self.width = heads, outputs
        self.masked_linear = nn.Conv1d(heads * inputs, heads * outputs, 1)

    @property
    def mask(self) -> Tensor:
        """See `head_mask`; on the CPU."""
        outputs, inputs, _ = self.masked_linear.weight.shape
        return head_mask(self.heads, outputs // self.heads, inputs // self.heads)

    def weight(self) -> Tensor:
        """The map's matrix (out, in) with what heads must not see set to zero."""
        matrix = self.masked_linear.weight[..., 0]
        return matrix * self.mask.to(matrix.device)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, heads * inputs), head by head, to (B, T, heads * outputs)."""
        return F.linear(x, self.weight(), self.masked_linear.bias)


class ContextLayer(MaskedLayer):
    """`MaskedLayer`, plus the sound of the frame and two frames of the past, which every head sees whole."""

    def __init__(self, heads: int, width: int, dilation: int) -> None:
        super().__init__(heads, width, width)
        self.unmasked_linear = nn.Conv1d(CODE, heads * width, 1)
        self.historic = nn.Conv1d(heads * width, heads * width, 2, dilation=dilation)
        self.reach = 1 + dilation
        """Frames back to the older of the two; the newer is the frame before."""

    def forward(self, x: Tensor, audio_code: Tensor | None = None) -> Tensor:
        """(B, T, heads * width) and the sound (B, T, 128) to (B, T, heads * width)."""
        assert audio_code is not None
        before = F.pad(x[:, :-1], (0, 0, self.reach, 0))
        past = self.historic(before.mT).mT
        sound = F.linear(audio_code, self.unmasked_linear.weight[..., 0], self.unmasked_linear.bias)
        return F.leaky_relu(super().forward(x) + sound + past, SLOPE)


class ContextModel(nn.Module):
    """Log-probabilities of all frames at once from known categories; `sdk.models.meshtalk.sampler` draws new ones."""

    def __init__(self, config: MeshTalkConfig) -> None:
        super().__init__()
        self.heads, self.classes = config.heads, config.classes
        self.embedding = MaskedLayer(self.heads, self.classes, config.head_width)
        self.context_layers = nn.ModuleList(
            ContextLayer(self.heads, config.head_width, dilation) for dilation in DILATIONS
        )
        self.logits = MaskedLayer(self.heads, config.head_width, self.classes)

    def forward(self, codes: Tensor, audio_code: Tensor) -> Tensor:
        """Teacher-forced log-probabilities.

        Args:
            codes: (B, T, H, C) one-hot categories of every frame.
            audio_code: (B, T, 128).

        Returns:
            (B, T, H, C); those of head h of frame t do not depend on heads h and above of frame t, nor on frames after.
        """
        x = self.embedding(codes.flatten(2))
        for layer in self.context_layers:
            x = layer(x, audio_code)
        logits: Tensor = self.logits(x).unflatten(-1, (self.heads, self.classes))
        return logits.log_softmax(-1)
