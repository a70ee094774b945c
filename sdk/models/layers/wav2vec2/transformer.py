"""Projection, positional convolution and the post-norm transformer layers (Baevski et al. 2020, section 2).

The modules bear the published parameter names; the positional convolution keeps its weight with weight normalisation
folded in. LayerNorm eps is 1e-5 throughout.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.layers.wav2vec2.config import Wav2Vec2Config


class FeatureProjection(nn.Module):
    """LayerNorm over channels, then a linear map to the transformer's width."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(config.conv_dim[-1])
        self.projection = nn.Linear(config.conv_dim[-1], config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, C) to (B, T, hidden)."""
        projected: Tensor = self.dropout(self.projection(self.layer_norm(features)))
        return projected


class PositionalConvEmbedding(nn.Module):
    """Grouped convolution over time as a relative position embedding, then GELU.

    Padded by half the kernel on both sides; an even kernel gives one step too many, and the last is dropped.
    """

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        kernel = config.pos_conv_kernel
        self.conv = nn.Conv1d(config.hidden, config.hidden, kernel, padding=kernel // 2, groups=config.pos_conv_groups)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, hidden) to (B, T, hidden)."""
        return F.gelu(self.conv(x.transpose(1, 2))[..., : x.shape[1]]).transpose(1, 2)


class Attention(nn.Module):
    """Bidirectional multi-head self-attention over the whole clip."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        self.heads = config.heads
        self.dropout = config.dropout
        self.k_proj = nn.Linear(config.hidden, config.hidden)
        self.v_proj = nn.Linear(config.hidden, config.hidden)
        self.q_proj = nn.Linear(config.hidden, config.hidden)
        self.out_proj = nn.Linear(config.hidden, config.hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, hidden) to (B, T, hidden)."""
        q, k, v = (self._split(project(x)) for project in (self.q_proj, self.k_proj, self.v_proj))
        mixed = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout if self.training else 0.0)
        joined: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return joined

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


class FeedForward(nn.Module):
    """Two linear maps with an exact GELU between them."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(config.hidden, config.ffn)
        self.output_dense = nn.Linear(config.ffn, config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, hidden) to (B, T, hidden)."""
        wide = self.dropout(F.gelu(self.intermediate_dense(x)))
        narrow: Tensor = self.dropout(self.output_dense(wide))
        return narrow


class EncoderLayer(nn.Module):
    """Post-norm transformer layer: ``x = LN(x + attention(x)); x = LN(x + feed_forward(x))``."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.dropout = nn.Dropout(config.dropout)
        self.layer_norm = nn.LayerNorm(config.hidden)
        self.feed_forward = FeedForward(config)
        self.final_layer_norm = nn.LayerNorm(config.hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, hidden) to (B, T, hidden)."""
        x = self.layer_norm(x + self.dropout(self.attention(x)))
        done: Tensor = self.final_layer_norm(x + self.feed_forward(x))
        return done


class TransformerEncoder(nn.Module):
    """Positional convolution, LayerNorm, then the layers."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        self.layer_drop = config.dropout
        self.pos_conv_embed = PositionalConvEmbedding(config)
        self.layer_norm = nn.LayerNorm(config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, hidden) to (B, T, hidden). In training each layer is left out with probability `layer_drop`."""
        x = self.dropout(self.layer_norm(x + self.pos_conv_embed(x)))
        for layer in self.layers:
            if not self.training or torch.rand(()) >= self.layer_drop:
                x = layer(x)
        return x
