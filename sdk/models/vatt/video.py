"""The video encoder: tokens of raw voxels (Akbari et al. 2021, section 3.1; ``vit`` in its code)."""

from __future__ import annotations

from torch import Tensor, nn

from sdk.models.vatt.config import VideoConfig
from sdk.models.vatt.drop_token import drop_tokens
from sdk.models.vatt.positions import SpatioTemporalEmbeddings
from sdk.models.vatt.transformer import Encoded, TransformerEncoder, new_aggregate, prepend


class VideoEncoder(nn.Module):
    """Frames to one vector a token of a few frames by a few pixels, and one for the clip."""

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.config = config
        width = config.transformer.width
        self.voxel_to_patch = nn.Conv3d(config.channels, width, config.patch, stride=config.patch)
        self.pos_embedding_lookup = SpatioTemporalEmbeddings(config.buckets, width, config.position_dropout)
        self.agg_embedding = new_aggregate(width)
        self.tx = TransformerEncoder(config.transformer)

    def tokens(self, video: Tensor) -> Tensor:
        """Frames (B, T, H, W, C) to a grid of tokens (B, t, h, w, d), without positions."""
        patches: Tensor = self.voxel_to_patch(video.permute(0, 4, 1, 2, 3))
        return patches.permute(0, 2, 3, 4, 1)

    def forward(self, video: Tensor, kept: Tensor | None = None) -> Encoded:
        """Encode clips.

        Args:
            video: (B, T, H, W, C), colours in [-1, 1], at 10 frames a second as published. At least one patch.
            kept: places of the tokens that DropToken keeps, counted along width, then height, then time; None keeps
                all.
        """
        tokens = drop_tokens(self.pos_embedding_lookup(self.tokens(video)).flatten(1, 3), kept)
        return Encoded.split(self.tx(prepend(self.agg_embedding, tokens)))
