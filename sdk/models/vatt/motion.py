"""Face motion in the place of video: the same encoder over tokens of a few frames of a rig's channels or of vertices.

VATT's tokens of video are one linear map of raw voxels. Motion has no pixels to be near each other, so a token is all
numbers of the face over a few frames, and positions count time alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sdk.models.vatt.config import MotionConfig
from sdk.models.vatt.drop_token import drop_tokens
from sdk.models.vatt.positions import TemporalEmbeddings
from sdk.models.vatt.transformer import Encoded, TransformerEncoder, new_aggregate, prepend


class MotionEncoder(nn.Module):
    """Motion to one vector a token of `MotionConfig.patch` frames, and one for the clip.

    Motion is centred and scaled by `mean` and `scale` first, which are 0 and 1 until `set_statistics`: channels that
    hardly move would else hardly be seen.
    """

    mean: Tensor  # (numbers,)
    scale: Tensor  # (numbers,)

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        width = config.transformer.width
        self.register_buffer("mean", torch.zeros(config.numbers))
        self.register_buffer("scale", torch.ones(config.numbers))
        self.motion_to_patch = nn.Linear(config.patch * config.numbers, width)
        self.pos_embedding_lookup = TemporalEmbeddings(config.buckets, width, config.position_dropout)
        self.agg_embedding = new_aggregate(width)
        self.tx = TransformerEncoder(config.transformer)

    def set_statistics(self, motion: Tensor, least: float = 1e-3) -> None:
        """Take mean and scale from motion (..., numbers).

        Args:
            motion: of the training corpus.
            least: deviation below which a number counts as still; it is divided by no less.
        """
        flat = motion.reshape(-1, self.config.numbers)
        self.mean.copy_(flat.mean(0))
        self.scale.copy_(1 / flat.std(0, correction=0).clamp(min=least))

    def tokens(self, motion: Tensor) -> Tensor:
        """Motion (B, T, numbers) to tokens (B, T // patch, d), without positions; frames after the last are left."""
        patch = self.config.patch
        whole = motion.shape[1] // patch * patch
        scaled = (motion[:, :whole] - self.mean) * self.scale
        tokens: Tensor = self.motion_to_patch(scaled.reshape(len(motion), whole // patch, -1))
        return tokens

    def forward(self, motion: Tensor, kept: Tensor | None = None) -> Encoded:
        """Encode clips.

        Args:
            motion: (B, T, numbers): channels of a rig, or the coordinates of vertices. At least one patch.
            kept: places of the tokens that DropToken keeps, see `choose_tokens`; None keeps all.
        """
        tokens = drop_tokens(self.pos_embedding_lookup(self.tokens(motion)), kept)
        return Encoded.split(self.tx(prepend(self.agg_embedding, tokens)))
