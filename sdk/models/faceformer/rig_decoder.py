"""The decoder of a rig: weights of named channels in [0, 1] instead of vertices, fed back as they were shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sdk.models.faceformer.decoder_stage import DecoderStage
from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.layers.cached_attention import AttentionState
from sdk.models.layers.periodic import PeriodState
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


class Speaker(Stage):
    """What does not change per frame: the style's embedding."""

    name, clock = "identity", "prepare"

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        self.inputs = (InputSpec(name="style", shape=(1, config.subjects), source="parameter.style"),)
        self.outputs = (TensorSpec(name="style_embedding", shape=(1, config.feature_dim)),)
        self.embed = nn.Linear(config.subjects, config.feature_dim, bias=False)

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        """Style (1, S) to its embedding (1, d)."""
        return {"style_embedding": self.embed(inputs["style"])}, ()


@dataclass(frozen=True)
class RigState:
    """What the next frame needs of the past."""

    shown: Tensor  # (1, C) weights of the last frame; zeros, the face at rest, before the first
    period: PeriodState
    attention: AttentionState


SCALE = 0.1
"""Of the output layer. A unit of jawOpen is 34 mm of lip gap: unscaled, one of Adam's steps of 1e-3 in each of the
layer's 128 weights could move the lips by 4 mm, and training would tremble at every rate at which the rest learns."""


class RigDecoder(DecoderStage):
    """One frame: audio features and the last frame's weights to weights (C,) in [0, 1].

    The bound is a clamp: exact at rest and in a closed eye, where a sigmoid never arrives, and it stays inside every
    target's delegate.
    """

    def __init__(self, config: StreamingConfig, feature_source: str) -> None:
        super().__init__(config)
        width, channels = config.feature_dim, len(config.channels)
        self.inputs = (
            *self.audio_inputs(config, feature_source),
            InputSpec(name="style_embedding", shape=(1, width), source="identity.style_embedding"),
        )
        self.outputs = (TensorSpec(name="weights", shape=(channels,)),)
        self.feedback = nn.Linear(channels, width)
        self.leave = nn.Linear(width, channels)

    def init_state(self) -> RigState:
        """Before the first frame."""
        return RigState(
            shown=torch.zeros_like(self.leave.bias).reshape(1, -1),
            period=self.position.init_state(),
            attention=self.self_attention.init_state(),
        )

    def step(self, inputs: Mapping[str, Tensor], state: RigState) -> tuple[dict[str, Tensor], RigState]:
        """One frame."""
        position, period = self.position.step(state.period)
        token = self.feedback(state.shown) + inputs["style_embedding"] + position
        hidden, attention = self.advance(token, inputs, state.attention)
        weights = torch.clamp(self._unbounded(hidden), 0.0, 1.0)
        after = RigState(shown=weights, period=period, attention=attention)
        return {"weights": weights.reshape(-1)}, after

    def whole(self, shown: Tensor, style: Tensor, memory: Tensor) -> Tensor:
        """All frames at once, given what was shown before each: the step with time in parallel, before the clamp.

        Args:
            shown: (B, T, C) weights of the frame before.
            style: (1, d) embedding.
            memory: (B, T, 2 d + 1) the newest two features and the phase at each frame.

        Returns:
            (B, T, C).
        """
        token = self.feedback(shown) + style + self.position(shown.shape[1])
        x = self.norm1(token + self.self_attention(token))
        return self._unbounded(self.finish(x, self.cross(memory)))

    def _unbounded(self, hidden: Tensor) -> Tensor:
        weights: Tensor = self.leave(hidden) * SCALE
        return weights
