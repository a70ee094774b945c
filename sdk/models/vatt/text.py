"""The text encoder of the modality-specific model: a T5 encoder on fixed word vectors.

Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", section 2.1,
with what the published VATT code changes: an ordinary LayerNorm before the feed-forward part and GELU in it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.vatt.config import TextConfig
from sdk.models.vatt.transformer import EPSILON, Encoded, FeedForward, key_mask, new_aggregate, prepend, split_heads

PADDING = 0
"""Word that stands for no word. No token attends to it, wherever it stands."""


class RelativeAttention(nn.Module):
    """T5's attention: no bias in its maps, no scaling of its scores."""

    def __init__(self, config: TextConfig, *, holds_bias: bool) -> None:
        super().__init__()
        sizes = config.transformer
        self.heads, self.dropout, inner = sizes.heads, sizes.dropout, sizes.heads * sizes.head_width
        self.q, self.k, self.v = (nn.Linear(sizes.width, inner, bias=False) for _ in range(3))
        self.o = nn.Linear(inner, sizes.width, bias=False)
        if holds_bias:
            self.relative_attention_bias = nn.Embedding(config.distance_buckets, sizes.heads)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, n, d) to the same shape; `bias` (B, heads, n, n) is added to the scores."""
        query, key, value = (split_heads(layer(x), self.heads) for layer in (self.q, self.k, self.v))
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout, scale=1.0)
        out: Tensor = self.o(mixed.transpose(1, 2).flatten(2))
        return out


class SelfAttention(nn.Module):
    """RMS norm, attention, dropout, added to what came in."""

    def __init__(self, config: TextConfig, *, holds_bias: bool) -> None:
        super().__init__()
        self.layer_norm = nn.RMSNorm(config.transformer.width, eps=EPSILON)
        self.attention = RelativeAttention(config, holds_bias=holds_bias)
        self.dropout = nn.Dropout(config.transformer.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, n, d) to the same shape; `bias` (B, heads, n, n) is added to the scores."""
        out: Tensor = x + self.dropout(self.attention(self.layer_norm(x), bias))
        return out


class TextLayer(nn.Module):
    """Attention, then feed-forward; the first layer holds the table of relative positions for all."""

    def __init__(self, config: TextConfig, *, holds_bias: bool) -> None:
        super().__init__()
        self.self_attention = SelfAttention(config, holds_bias=holds_bias)
        self.feed_forward = FeedForward(config.transformer, bias=False)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, n, d) to the same shape; `bias` (B, heads, n, n) is added to the scores."""
        out: Tensor = self.feed_forward(self.self_attention(x, bias))
        return out


class TextTransformer(nn.Module):
    """All layers and the final RMS norm."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        layers = config.transformer.layers
        self.layers = nn.ModuleList(TextLayer(config, holds_bias=index == 0) for index in range(layers))
        self.final_layer_norm = nn.RMSNorm(config.transformer.width, eps=EPSILON)
        self.dropout = nn.Dropout(config.transformer.dropout)
        self.distance = config.distance

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """(B, n, d) to the same shape; `valid` (B, n) is true where a token may be attended to."""
        bias = self.relative_bias(x.shape[1]) + key_mask(valid)
        for layer in self.layers:
            x = layer(x, bias)
        out: Tensor = self.dropout(self.final_layer_norm(x))
        return out

    def relative_bias(self, length: int) -> Tensor:
        """What distances add to the scores, (1, heads, n, n), query before key."""
        table = self.get_submodule("layers.0.self_attention.attention.relative_attention_bias")
        assert isinstance(table, nn.Embedding)
        place = torch.arange(length, device=table.weight.device)
        buckets = distance_buckets(place[None] - place[:, None], table.num_embeddings, self.distance)
        bias: Tensor = table(buckets)
        return bias.permute(2, 0, 1)[None]


class TextEncoder(nn.Module):
    """Words to one vector each, and one for the sentence. The word table is fixed, as published."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.words, config.word_width)
        self.embedding.weight.requires_grad_(False)
        self.agg_embedding = new_aggregate(config.word_width)
        self.pre_proj = nn.Linear(config.word_width, config.transformer.width, bias=False)
        self.base_lm = TextTransformer(config)

    def forward(self, words: Tensor) -> Encoded:
        """Encode sentences: words (B, n) integers, `PADDING` for none. A sentence of padding alone has a vector too."""
        tokens = F.gelu(self.pre_proj(prepend(self.agg_embedding, self.embedding(words))))
        return Encoded.split(self.base_lm(tokens, with_aggregate(words != PADDING)))


def with_aggregate(valid: Tensor) -> Tensor:
    """(B, n) to (B, 1 + n): the aggregating token always counts."""
    return F.pad(valid, (1, 0), value=True)


def distance_buckets(distance: Tensor, buckets: int, farthest: int) -> Tensor:
    """Bucket of each distance from query to key, as T5's bidirectional attention has it.

    Half of the buckets are for keys after the query. Of each half, half are for one distance each, and half grow as the
    logarithm up to `farthest`, from where on all are one.

    Args:
        distance: int64, key minus query.
        buckets: in all.
        farthest: first distance of the last bucket.
    """
    half = buckets // 2
    near = half // 2
    size = distance.abs()
    logarithm = torch.log(size.clamp(min=1).float() / near) / math.log(farthest / near) * (half - near)
    far = (near + logarithm.long()).clamp(max=half - 1)
    return torch.where(size < near, size, far) + (distance > 0) * half
