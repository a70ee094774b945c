"""The waveform encoder: tokens of raw samples, no spectrum (Akbari et al. 2021, section 3.1; ``wat`` in its code)."""

from __future__ import annotations

from torch import Tensor, nn

from sdk.models.vatt.config import AudioConfig
from sdk.models.vatt.drop_token import drop_tokens
from sdk.models.vatt.positions import TemporalEmbeddings
from sdk.models.vatt.transformer import Encoded, TransformerEncoder, new_aggregate, prepend


class WaveformEncoder(nn.Module):
    """Sound to one vector a token of `AudioConfig.patch` samples, and one for the clip."""

    def __init__(self, config: AudioConfig) -> None:
        super().__init__()
        self.config = config
        width = config.transformer.width
        self.wave_to_patch = nn.Conv1d(1, width, config.patch, stride=config.patch)
        self.pos_embedding_lookup = TemporalEmbeddings(config.buckets, width, config.position_dropout)
        self.agg_embedding = new_aggregate(width)
        self.tx = TransformerEncoder(config.transformer)

    def tokens(self, waveform: Tensor) -> Tensor:
        """Sound (B, N) to tokens (B, N // patch, d), without positions; samples after the last whole token are left."""
        patches: Tensor = self.wave_to_patch(waveform[:, None])
        return patches.mT

    def forward(self, waveform: Tensor, kept: Tensor | None = None) -> Encoded:
        """Encode clips.

        Args:
            waveform: (B, N) in [-1, 1], at the rate of training: 48 kHz as published. At least one patch.
            kept: places of the tokens that DropToken keeps, see `choose_tokens`; None keeps all.
        """
        tokens = drop_tokens(self.pos_embedding_lookup(self.tokens(waveform)), kept)
        return Encoded.split(self.tx(prepend(self.agg_embedding, tokens)))
