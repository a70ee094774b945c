"""FaceFormer's autoregressive decoder: one causal transformer layer with a temporal bias and aligned cross-attention.

Here all tokens are given at once, as in training; `sdk.models.faceformer.rollout` makes them one by one. Post-norm,
ReLU, LayerNorm eps 1e-5, as Fan et al. 2022, section 3.2, and the published code.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.layers.periodic import sinusoid_table, temporal_bias

DROPOUT = 0.1
"""Of every dropout in the decoder, in training only (published code)."""


class PeriodicPositionalEncoding(nn.Module):
    """Adds a sinusoid of the frame's place in its period (Fan et al. 2022, section 3.2), then dropout.

    The published table is the period tiled until it exceeds `positions` frames. It is kept in that form to be the
    buffer of the checkpoint; any frame number may be asked for.
    """

    pe: Tensor  # (1, period * (positions // period + 1), width)

    def __init__(self, width: int, period: int, positions: int) -> None:
        super().__init__()
        self.period = period
        self.dropout = nn.Dropout(DROPOUT)
        self.register_buffer("pe", sinusoid_table(period, width).repeat(positions // period + 1, 1)[None])

    def table(self, length: int) -> Tensor:
        """Encodings of frames 0 to length - 1, (length, width)."""
        return self.pe[0, : self.period].repeat(-(-length // self.period), 1)[:length]

    def forward(self, tokens: Tensor) -> Tensor:
        """(1, T, width) to (1, T, width)."""
        encoded: Tensor = self.dropout(tokens + self.table(tokens.shape[1]))
        return encoded


class PackedAttention(nn.Module):
    """Weights of multi-head attention under PyTorch's names: query, key and value maps in one matrix."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        self.dropout = nn.Dropout(DROPOUT)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def project(self, x: Tensor, part: slice) -> Tensor:
        """Queries (part 0), keys (1) and values (2) of x (..., width): (..., parts, heads, width // heads)."""
        width = x.shape[-1]
        rows = slice(part.start * width, part.stop * width)
        projected = F.linear(x, self.in_proj_weight[rows], self.in_proj_bias[rows])
        return projected.reshape(*x.shape[:-1], part.stop - part.start, self.heads, -1)

    def weights(self, scores: Tensor) -> Tensor:
        """Softmax over the last axis, and dropout."""
        dropped: Tensor = self.dropout(scores.softmax(-1))
        return dropped


QUERY, QUERY_KEY_VALUE, KEY_VALUE, VALUE = slice(0, 1), slice(0, 3), slice(1, 3), slice(2, 3)


class AlignedMemory:
    """The encoder vectors that each frame attends to, projected once for all frames.

    A frame sees its own n vectors and no others. For n = 1 the softmax over one key is 1 whatever the query, so the
    query and key weights are dead and are not used.
    """

    def __init__(self, attention: PackedAttention, memory: Tensor, vectors_per_frame: int) -> None:
        """Memory (1, T * n, width)."""
        self.attention = attention
        frames = memory.reshape(-1, vectors_per_frame, memory.shape[-1])  # (T, n, width)
        self.result: Tensor | None = None
        self.scale = math.sqrt(memory.shape[-1] // attention.heads)
        self.keys: Tensor | None = None
        if vectors_per_frame == 1:
            values = attention.project(frames, VALUE)
        else:
            keys_values = attention.project(frames, KEY_VALUE)
            self.keys = keys_values[:, :, 0].permute(0, 2, 3, 1).contiguous()  # (T, heads, width // heads, n)
            values = keys_values[:, :, 1:]
        self.values = values[:, :, 0].transpose(1, 2).contiguous()  # (T, heads, n, width // heads)
        if self.keys is None and not attention.training:
            self.result = attention.out_proj(self.values.flatten(1))  # (T, width)

    def __len__(self) -> int:
        return len(self.values)

    def attend(self, x: Tensor, frames: slice) -> Tensor:
        """What frames `frames` take from the audio, given their hidden vectors x (frames, width): (frames, width)."""
        if self.result is not None:
            return self.result[frames]
        values = self.values[frames]
        if self.keys is None:
            weights = self.attention.dropout(values.new_ones(*values.shape[:2], 1, 1))
        else:
            query = self.attention.project(x, QUERY)[:, 0, :, None] / self.scale  # (frames, heads, 1, width // heads)
            weights = self.attention.weights(query @ self.keys[frames])
        mixed: Tensor = self.attention.out_proj((weights @ values).flatten(1))
        return mixed


class DecoderLayer(nn.Module):
    """Weights of the layer and the parts that its two forms share."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.self_attn = PackedAttention(width, heads)
        self.multihead_attn = PackedAttention(width, heads)
        self.linear1 = nn.Linear(width, 2 * width)
        self.linear2 = nn.Linear(2 * width, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(DROPOUT)

    def finish(self, x: Tensor, mixed: Tensor, memory: AlignedMemory, frames: slice) -> Tensor:
        """All after the self-attention: x and its result `mixed`, both (frames, width), to (frames, width)."""
        x = self.norm1(x + self.dropout(self.self_attn.out_proj(mixed)))
        x = self.norm2(x + self.dropout(memory.attend(x, frames)))
        wide = self.dropout(F.relu(self.linear1(x)))
        done: Tensor = self.norm3(x + self.dropout(self.linear2(wide)))
        return done


class MotionDecoder(nn.Module):
    """One decoder layer, without a final norm.

    Args:
        width: d.
        heads: attention heads.
        period: frames that share one step of the temporal bias.
        vectors_per_frame: memory vectors that one frame attends to.
    """

    def __init__(self, width: int, heads: int, period: int, vectors_per_frame: int) -> None:
        super().__init__()
        self.heads = heads
        self.period = period
        self.vectors_per_frame = vectors_per_frame
        self.layers = nn.ModuleList([DecoderLayer(width, heads)])

    @property
    def layer(self) -> DecoderLayer:
        """The only layer."""
        layer = self.layers[0]
        assert isinstance(layer, DecoderLayer)
        return layer

    def project_memory(self, memory: Tensor) -> AlignedMemory:
        """Memory (1, T * vectors_per_frame, d), ready to be attended to."""
        return AlignedMemory(self.layer.multihead_attn, memory, self.vectors_per_frame)

    def forward(self, tokens: Tensor, memory: AlignedMemory) -> Tensor:
        """Position-encoded tokens (1, T, d) to hidden vectors (1, T, d); memory of at least T frames."""
        layer, x = self.layer, tokens[0]
        q, k, v = layer.self_attn.project(x, QUERY_KEY_VALUE).permute(1, 2, 0, 3)  # (heads, T, d // heads) each
        bias = temporal_bias(self.heads, self.period, len(x)).to(x)
        index = torch.arange(len(x), device=x.device)
        back = index[:, None] - index
        mask = bias[:, back.clamp(min=0)].masked_fill(back < 0, -torch.inf)
        weights = layer.self_attn.weights(q @ k.mT / math.sqrt(q.shape[-1]) + mask)
        mixed = (weights @ v).transpose(0, 1).flatten(1)
        return layer.finish(x, mixed, memory, slice(0, len(x)))[None]
