"""The streaming motion decoder: one frame a step, fed with its own last motion, at constant cost.

It is the published one-layer transformer decoder with three exact simplifications, checked against the offline form:
the keys and values of earlier frames are kept instead of recomputed; the feedback ``vertice_map(vertice_map_r(h))`` is
one d x d matrix, so that the loop never touches vertices; and cross-attention to a single key is one affine map. The
one approximation is declared: self-attention sees the newest `window` frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.layers.cached_attention import AttentionState, CachedAttention
from sdk.models.layers.periodic import PeriodicEncoding, PeriodState, sinusoid_table, temporal_bias
from sdk.models.layers.positions import Displace
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


class Identity(Stage):
    """What does not change per frame: the style's embedding, and the face at rest with the read-out's offset."""

    name, clock = "identity", "prepare"

    def __init__(self, config: StreamingConfig, unit: str) -> None:
        super().__init__()
        shape = (config.vertices, 3)
        self.inputs = (
            InputSpec(name="template", shape=shape, unit=unit, source="parameter.template"),
            InputSpec(name="style", shape=(1, config.subjects), source="parameter.style"),
        )
        self.outputs = (
            TensorSpec(name="rest", shape=shape, unit=unit),
            TensorSpec(name="style_embedding", shape=(1, config.feature_dim)),
        )
        self.embed = nn.Linear(config.subjects, config.feature_dim, bias=False)
        self.offset = nn.Parameter(torch.zeros(shape))
        self.displace = Displace()

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        """Template (V, 3) and style (1, S) to rest (V, 3) and style embedding (1, d)."""
        rest = self.displace(inputs["template"], self.offset)
        return {"rest": rest, "style_embedding": self.embed(inputs["style"])}, ()


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


@dataclass(frozen=True)
class MotionState:
    """What the next frame needs of the past."""

    feedback: Tensor  # (1, d) embedding of the last frame's motion; zeros before the first, which is style alone
    period: PeriodState
    attention: AttentionState


class MotionDecoder(Stage):
    """One frame: audio features and the last motion to coefficients (1, d) and vertices (V, 3) = rest + basis h."""

    name, clock = "motion_decoder", "frame"

    def __init__(self, config: StreamingConfig, feature_source: str, unit: str) -> None:
        super().__init__()
        width, shape = config.feature_dim, (config.vertices, 3)
        self.memory, self.vertices = config.memory, config.vertices
        rows = 1 if config.memory == "direct" else 2
        phase = (InputSpec(name="phase", shape=(1, 1), source="clock.phase"),)
        self.inputs = (
            InputSpec(name="features", shape=(rows, width), source=feature_source),
            *(phase if config.memory == "interpolate" else ()),
            InputSpec(name="style_embedding", shape=(1, width), source="identity.style_embedding"),
            InputSpec(name="rest", shape=shape, unit=unit, source="identity.rest"),
        )
        self.outputs = (
            TensorSpec(name="coefficients", shape=(1, width)),
            TensorSpec(name="vertices", shape=shape, unit=unit),
        )
        self.position = PeriodicEncoding(sinusoid_table(config.period, width))
        bias = temporal_bias(config.heads, config.period, config.window)
        self.self_attention = CachedAttention(width, config.heads, config.window, bias)
        pair = config.memory == "pair"
        self.cross: nn.Module = PairAttention(width, config.heads) if pair else nn.Linear(width, width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.linear1, self.linear2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.feedback = nn.Linear(width, width)
        self.basis = nn.Linear(width, 3 * config.vertices, bias=False)
        self.displace = Displace()

    def init_state(self) -> MotionState:
        """Before the first frame."""
        return MotionState(
            feedback=torch.zeros_like(self.feedback.bias).reshape(1, -1),
            period=self.position.init_state(),
            attention=self.self_attention.init_state(),
        )

    def step(self, inputs: Mapping[str, Tensor], state: MotionState) -> tuple[dict[str, Tensor], MotionState]:
        """One frame (FaceFormer, section 3.2): self-attention, aligned cross-attention, feed-forward, all post-norm."""
        position, period = self.position.step(state.period)
        x = state.feedback + inputs["style_embedding"] + position
        attended, attention = self.self_attention.step(x, state.attention)
        x = self.norm1(x + attended)
        x = self.norm2(x + self._cross(x, inputs))
        hidden = self.norm3(x + self.linear2(F.relu(self.linear1(x))))
        vertices = self.displace(inputs["rest"], self.basis(hidden).reshape(self.vertices, 3))
        after = MotionState(feedback=self.feedback(hidden), period=period, attention=attention)
        return {"coefficients": hidden, "vertices": vertices}, after

    def _cross(self, x: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        features = inputs["features"]
        if self.memory == "pair":
            attended: Tensor = self.cross(x, features)
            return attended
        if self.memory == "interpolate":
            older, newer = features[0:1], features[1:2]
            features = older + (newer - older) * inputs["phase"]
        affine: Tensor = self.cross(features)
        return affine
