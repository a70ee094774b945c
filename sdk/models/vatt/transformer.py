"""The transformer that all of VATT's sound, video and shared encoders are made of.

Pre-norm with a final norm, exact GELU, LayerNorm eps 1e-6, biases everywhere (Akbari et al. 2021, section 3.3, and the
published code). Parameters bear the published names.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.vatt.config import TransformerConfig

EPSILON = 1e-6
"""Of every norm in the encoders (published configurations)."""

HIDDEN = -1e9
"""Added to the score of a key that may not be seen (published code)."""


@dataclass(frozen=True)
class Encoded:
    """What an encoder says of a batch of clips.

    Attributes:
        pooled: (B, d), the aggregating token's output: the whole clip.
        tokens: (B, n, d), the other tokens' outputs in the order they went in.
    """

    pooled: Tensor
    tokens: Tensor

    @classmethod
    def split(cls, sequence: Tensor) -> Encoded:
        """(B, 1 + n, d), the aggregating token first."""
        return cls(pooled=sequence[:, 0], tokens=sequence[:, 1:])


class MultiHeadAttention(nn.Module):
    """Scaled dot-product self-attention with the published names of its four maps."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, inner = config.heads, config.heads * config.head_width
        self.q, self.k, self.v = (nn.Linear(config.width, inner) for _ in range(3))
        self.o = nn.Linear(inner, config.width)
        self.dropout = config.dropout

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, n, d) to the same shape; `mask` (B, 1, 1, n) is added to the scores."""
        query, key, value = (split_heads(layer(x), self.heads) for layer in (self.q, self.k, self.v))
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
        out: Tensor = self.o(mixed.transpose(1, 2).flatten(2))
        return out


class Mlp(nn.Module):
    """Two linear maps and a GELU."""

    def __init__(self, config: TransformerConfig, *, bias: bool = True) -> None:
        super().__init__()
        self.wi = nn.Linear(config.width, config.ffn, bias=bias)
        self.wo = nn.Linear(config.ffn, config.width, bias=bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) to the same shape."""
        out: Tensor = self.wo(self.dropout(F.gelu(self.wi(x))))
        return out


class FeedForward(nn.Module):
    """Norm, `Mlp`, dropout, added to what came in."""

    def __init__(self, config: TransformerConfig, *, bias: bool = True) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(config.width, eps=EPSILON)
        self.mlp = Mlp(config, bias=bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) to the same shape."""
        out: Tensor = x + self.dropout(self.mlp(self.layer_norm(x)))
        return out


class TransformerLayer(nn.Module):
    """Norm and attention, then norm and feed-forward, each added to what came in."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(config.width, eps=EPSILON)
        self.mha = MultiHeadAttention(config)
        self.dropout = nn.Dropout(config.dropout)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, n, d) to the same shape; `mask` (B, 1, 1, n) is added to the scores."""
        out: Tensor = self.feed_forward(x + self.dropout(self.mha(self.layer_norm(x), mask)))
        return out


class TransformerEncoder(nn.Module):
    """All layers and the final norm."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TransformerLayer(config) for _ in range(config.layers))
        self.final_layer_norm = nn.LayerNorm(config.width, eps=EPSILON)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, n, d) to the same shape; `mask` (B, 1, 1, n) is added to the scores."""
        for layer in self.layers:
            x = layer(x, mask)
        out: Tensor = self.dropout(self.final_layer_norm(x))
        return out


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, n, heads * w) to (B, heads, n, w)."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def prepend(aggregate: Tensor, tokens: Tensor) -> Tensor:
    """The aggregating token (d,) before the tokens (B, n, d) of every clip: (B, 1 + n, d)."""
    return torch.cat([aggregate.expand(len(tokens), 1, -1), tokens], 1)


def key_mask(valid: Tensor) -> Tensor:
    """(B, n) true where a token counts, to what is added to scores, (B, 1, 1, n)."""
    return torch.where(valid, 0.0, HIDDEN)[:, None, None]


def new_aggregate(width: int) -> nn.Parameter:
    """A learnt vector as the published code draws it: Glorot's normal with fan-in and fan-out d, cut at two sigma."""
    # Keras divides by the deviation of a unit normal that is cut at two, so that sqrt(2 / (d + d)) is what comes out.
    aggregate = nn.Parameter(torch.empty(width))
    deviation = width**-0.5 / 0.87962566103423978
    nn.init.trunc_normal_(aggregate, std=deviation, a=-2 * deviation, b=2 * deviation)
    return aggregate
