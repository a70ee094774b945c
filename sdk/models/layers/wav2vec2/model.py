"""wav2vec 2.0, whole-clip: the encoder of Baevski et al. 2020, "wav2vec 2.0", with the base model's normalisations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sdk.models.layers.wav2vec2.config import Wav2Vec2Config
from sdk.models.layers.wav2vec2.features import FeatureExtractor
from sdk.models.layers.wav2vec2.spec_augment import time_mask
from sdk.models.layers.wav2vec2.transformer import FeatureProjection, TransformerEncoder


class Wav2Vec2(nn.Module):
    """Audio to context vectors, in two halves so that a system may resample the features between them.

    ``encode(feature_extractor(audio))`` is the plain model; `forward` does just that.
    """

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        self.config = config
        self.masked_spec_embed = nn.Parameter(torch.empty(config.hidden).uniform_())
        self.feature_extractor = FeatureExtractor(config)
        self.feature_projection = FeatureProjection(config)
        self.encoder = TransformerEncoder(config)

    def encode(self, features: Tensor) -> Tensor:
        """Features (B, T, C) to context vectors (B, T, hidden); in training with spans of time masked."""
        x = self.feature_projection(features)
        if self.training:
            x = torch.where(time_mask(x.shape[0], x.shape[1])[..., None].to(x.device), self.masked_spec_embed, x)
        encoded: Tensor = self.encoder(x)
        return encoded

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, N) at 16 kHz, zero mean and unit variance over the clip, to (B, L, hidden)."""
        return self.encode(self.feature_extractor(audio))
