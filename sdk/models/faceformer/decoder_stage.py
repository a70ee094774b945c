"""The decoder's one transformer layer as a stage, around whatever a frame's token and output are made of."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.layers.cached_attention import AttentionState, CachedAttention
from sdk.models.layers.periodic import PeriodicEncoding, sinusoid_table, temporal_bias
from sdk.spec import InputSpec
from sdk.stage import Stage


class PairAttention(nn.Module):
    """Cross-attention of one token to the two features of its frame (BIWI's alignment mask)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.head_width = heads, width // heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Token (1, d) and memory (2, d) to (1, d)."""
        query = (self.query(x) * self.head_width**-0.5).reshape(self.heads, 1, self.head_width)
        key = self.key(memory).reshape(2, self.heads, self.head_width).transpose(0, 1)
        value = self.value(memory).reshape(2, self.heads, self.head_width).transpose(0, 1)
        weights = torch.softmax(torch.bmm(query, key.transpose(1, 2)), -1)
        out: Tensor = self.out(torch.bmm(weights, value).reshape(1, -1))
        return out


class DecoderStage(Stage):
    """Self-attention over a window, aligned cross-attention, feed-forward, all post-norm (FaceFormer, section 3.2).

    How a frame sees the audio is `StreamingConfig.memory`. A token that sees one vector needs no attention: that is one
    affine map of it.
    """

    name, clock = "motion_decoder", "frame"

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        width = config.feature_dim
        self.memory = config.memory
        self.position = PeriodicEncoding(sinusoid_table(config.period, width))
        bias = temporal_bias(config.heads, config.period, config.window)
        self.self_attention = CachedAttention(width, config.heads, config.window, bias)
        self.cross: nn.Module = nn.Linear(width, width)
        if config.memory == "pair":
            self.cross = PairAttention(width, config.heads)
        if config.memory == "stack":
            self.cross = nn.Linear(2 * width + 1, width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.linear1, self.linear2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    @staticmethod
    def audio_inputs(config: StreamingConfig, feature_source: str) -> tuple[InputSpec, ...]:
        """What the decoder reads each frame: the newest features, and the phase where `memory` wants it."""
        rows = 1 if config.memory == "direct" else 2
        features = InputSpec(name="features", shape=(rows, config.feature_dim), source=feature_source)
        phase = InputSpec(name="phase", shape=(1, 1), source="clock.phase")
        return (features, phase) if config.memory == "stack" else (features,)

    def advance(
        self, token: Tensor, inputs: Mapping[str, Tensor], state: AttentionState
    ) -> tuple[Tensor, AttentionState]:
        """Token (1, d) to the hidden vector (1, d)."""
        attended, attention = self.self_attention.step(token, state)
        x = self.norm1(token + attended)
        return self.finish(x, self._see(x, inputs)), attention

    def finish(self, x: Tensor, seen: Tensor) -> Tensor:
        """What follows the attentions, (..., d) to (..., d)."""
        x = self.norm2(x + seen)
        hidden: Tensor = self.norm3(x + self.linear2(F.relu(self.linear1(x))))
        return hidden

    def _see(self, x: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        features = inputs["features"]
        if self.memory == "pair":
            attended: Tensor = self.cross(x, features)
            return attended
        if self.memory == "stack":
            features = torch.cat([features.reshape(1, -1), inputs["phase"]], 1)
        affine: Tensor = self.cross(features)
        return affine
