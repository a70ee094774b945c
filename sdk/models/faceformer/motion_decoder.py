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

from sdk.models.faceformer.decoder_stage import DecoderStage
from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.layers.cached_attention import AttentionState
from sdk.models.layers.periodic import PeriodState
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


@dataclass(frozen=True)
class MotionState:
    """What the next frame needs of the past."""

    feedback: Tensor  # (1, d) embedding of the last frame's motion; zeros before the first, which is style alone
    period: PeriodState
    attention: AttentionState


class MotionDecoder(DecoderStage):
    """One frame: audio features and the last motion to coefficients (1, d) and vertices (V, 3) = rest + basis h."""

    def __init__(self, config: StreamingConfig, feature_source: str, unit: str) -> None:
        super().__init__(config)
        width, shape = config.feature_dim, (config.vertices, 3)
        self.vertices = config.vertices
        self.inputs = (
            *self.audio_inputs(config, feature_source),
            InputSpec(name="style_embedding", shape=(1, width), source="identity.style_embedding"),
            InputSpec(name="rest", shape=shape, unit=unit, source="identity.rest"),
        )
        self.outputs = (
            TensorSpec(name="coefficients", shape=(1, width)),
            TensorSpec(name="vertices", shape=shape, unit=unit),
        )
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
        """One frame."""
        position, period = self.position.step(state.period)
        token = state.feedback + inputs["style_embedding"] + position
        hidden, attention = self.advance(token, inputs, state.attention)
        vertices = self.displace(inputs["rest"], self.basis(hidden).reshape(self.vertices, 3))
        after = MotionState(feedback=self.feedback(hidden), period=period, attention=attention)
        return {"coefficients": hidden, "vertices": vertices}, after
