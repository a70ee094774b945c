"""Fusion of a tracked face with the sound: how much speaks for each category of the frame."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.meshtalk.config import CODE, SLOPE, MeshTalkConfig
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


class FusionStage(Stage):
    """Both codes of a frame to logits of its categories; they lack a constant a head to be log-probabilities."""

    name, clock = "fusion", "frame"
    inputs = (
        InputSpec(name="expression_code", shape=(1, CODE), source="expression_encoder.expression_code"),
        InputSpec(name="audio_code", shape=(1, CODE), source="audio_encoder.audio_code"),
    )

    def __init__(self, config: MeshTalkConfig) -> None:
        super().__init__()
        width, categories = 2 * CODE, config.heads * config.classes
        self.outputs = (TensorSpec(name="evidence", shape=(1, categories)),)
        self.mlp = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, categories)])

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        """Codes (1, 128) each to evidence (1, H * C)."""
        first, second, last = self.mlp
        x = torch.cat([inputs["expression_code"], inputs["audio_code"]], 1)
        x = F.leaky_relu(second(F.leaky_relu(first(x), SLOPE)), SLOPE)
        return {"evidence": last(x)}, state
