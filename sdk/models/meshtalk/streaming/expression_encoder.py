"""The expression encoder, one tracked face a step, and what it makes of the parts that the tracker does not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.layers.lstm_cell import LstmCell, LstmState
from sdk.models.meshtalk.config import CODE, SLOPE
from sdk.models.meshtalk.streaming.config import StreamingConfig, TrackingConfig
from sdk.models.meshtalk.streaming.standard import StandardFace
from sdk.spec import InputSpec, SignalSpec, SignalTensor, TensorSpec
from sdk.stage import Stage

HIDDEN = 256
SIGNAL = "tracking"
WEIGHTS = -1.0, 2.0
"""Lowest and highest weight of a rig's channel that a tracker may give. They are 0 to 1; trackers overshoot."""
FURTHEST = 10_000.0
"""Largest coordinate of a tracked vertex, in mm: ten metres from the head's origin there is no face."""


def tracking_signal(config: StreamingConfig, tracking: TrackingConfig) -> SignalSpec:
    """A tracked face and the confidence, 0 to 1, in each region of it. Confidence 0 is what a lost face gives."""
    low, high = WEIGHTS if config.bounded else (-FURTHEST, FURTHEST)
    face = SignalTensor(name="expression", shape=config.face_shape, unit=config.unit, low=low, high=high)
    confidence = SignalTensor(name="confidence", shape=(1, len(tracking.regions)), low=0, high=1)
    return SignalSpec(name=SIGNAL, tensors=(face, confidence), hold_samples=tracking.hold_samples)


def confidence_input(tracking: TrackingConfig) -> InputSpec:
    """Confidence in each region, (1, R) in [0, 1]."""
    return InputSpec(name="confidence", shape=(1, len(tracking.regions)), source=f"{SIGNAL}.confidence")


@dataclass(frozen=True)
class ExpressionState:
    """What was seen last, as the deviation from the mean face, and the LSTM's state."""

    seen: Tensor  # (1, V * P)
    lstm: LstmState


class ExpressionEncoderStage(Stage):
    """Tracked face to code.

    A region that is not seen keeps its last deviation from the mean face, which fades: neither a hand over the mouth
    nor a jump to the mean face is an expression.
    """

    name, clock = "expression_encoder", "frame"
    outputs = (TensorSpec(name="expression_code", shape=(1, CODE)),)
    regions: Tensor  # (V * P, R), rows sum to 1

    def __init__(self, config: StreamingConfig, tracking: TrackingConfig) -> None:
        super().__init__()
        numbers, count = config.model.numbers, len(tracking.regions)
        self.inputs = (
            InputSpec(name="expression", shape=config.face_shape, unit=config.unit, source=f"{SIGNAL}.expression"),
            confidence_input(tracking),
        )
        self.numbers, self.forget = numbers, tracking.forget
        self.standard = StandardFace(numbers)
        self.register_buffer("regions", torch.full((numbers, count), 1 / count))
        self.layers = nn.ModuleList([nn.Linear(numbers, HIDDEN), nn.Linear(HIDDEN, CODE)])
        self.lstm = LstmCell(CODE, CODE)
        self.leave = nn.Linear(CODE, CODE)

    def init_state(self) -> ExpressionState:
        """The mean face before the stream."""
        return ExpressionState(seen=torch.zeros(1, self.numbers), lstm=self.lstm.init_state())

    def step(self, inputs: Mapping[str, Tensor], state: ExpressionState) -> tuple[dict[str, Tensor], ExpressionState]:
        """Face of `face_shape` and confidence (1, R) to the code (1, 128)."""
        face = self.standard(inputs["expression"])
        trust = F.linear(inputs["confidence"], self.regions)
        seen = trust * face + (1 - trust) * (state.seen * self.forget)
        x = seen
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        x, lstm = self.lstm.step(x, state.lstm)
        return {"expression_code": self.leave(x)}, ExpressionState(seen=seen, lstm=lstm)
