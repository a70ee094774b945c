"""Motion as it streams: a frame of a face to the common space, by the causal encoder in the place of video's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.vatt.heads import BATCH_EPSILON, BatchNorm, FacHead
from sdk.models.vatt.streaming.causal import CausalTransformer, States
from sdk.models.vatt.streaming.config import SyncConfig
from sdk.models.vatt.streaming.unit_length import UnitLength
from sdk.spec import InputSpec, SignalSpec, SignalTensor, TensorSpec
from sdk.stage import Stage

SIGNAL = "motion"
LARGEST = 4.0
"""Most that a number of the signal may be either way: channels lie within [-1, 2]."""


def motion_signal(config: SyncConfig) -> SignalSpec:
    """The face beside the sound: its numbers, and 1 where they are known."""
    return SignalSpec(
        name=SIGNAL,
        tensors=(
            SignalTensor(name="values", shape=(1, config.numbers), low=-LARGEST, high=LARGEST),
            SignalTensor(name="seen", shape=(1, 1), low=0.0, high=1.0),
        ),
        hold_samples=config.hold_samples,
    )


@dataclass(frozen=True)
class MotionEncoderState:
    """Each layer's keys and values."""

    layers: States


class MotionEncoderStage(Stage):
    """A frame of motion is one token: centred and scaled, one linear map, causal transformer, the head of video."""

    name, clock = "motion_encoder", "frame"
    mean: Tensor  # (1, numbers)
    scale: Tensor  # (1, numbers)

    def __init__(self, config: SyncConfig, space: int) -> None:
        super().__init__()
        width = config.motion.transformer.width
        self.inputs = (InputSpec(name="values", shape=(1, config.numbers), source=f"{SIGNAL}.values"),)
        self.outputs = (TensorSpec(name="embedding", shape=(1, space)),)
        self.register_buffer("mean", torch.zeros(1, config.numbers))
        self.register_buffer("scale", torch.ones(1, config.numbers))
        self.motion_to_patch = nn.Linear(config.numbers, width)
        self.tx = CausalTransformer(config.motion.transformer, config.motion.window)
        self.hidden, self.leave = nn.Linear(width, space), nn.Linear(space, space)
        self.unit = UnitLength(space)

    def init_state(self) -> MotionEncoderState:
        """No motion before the stream."""
        return MotionEncoderState(self.tx.init_state())

    def step(
        self, inputs: Mapping[str, Tensor], state: MotionEncoderState
    ) -> tuple[dict[str, Tensor], MotionEncoderState]:
        """A frame (1, numbers) to an embedding (1, space) of length 1."""
        features, after = self.tx.step(self._token(inputs["values"]), state.layers)
        return {"embedding": self._embed(features)}, MotionEncoderState(after)

    def encode(self, motion: Tensor) -> Tensor:
        """Whole clips (B, T, numbers), for training: embeddings (B, T, space)."""
        return self._embed(self.tx(self._token(motion)))

    def _token(self, motion: Tensor) -> Tensor:
        token: Tensor = self.motion_to_patch((motion - self.mean) * self.scale)
        return token

    def _embed(self, features: Tensor) -> Tensor:
        embedding: Tensor = self.unit(self.leave(F.relu(self.hidden(features))))
        return embedding


def motion_head_weights(head: FacHead) -> dict[str, Tensor]:
    """Weights of the stage's head that compute what video's fine projection does in inference, batch norms folded."""
    parts = {"hidden": (head.vid_to_hid, head.hid_to_va.pre_bn), "leave": (head.hid_to_va.dense, head.hid_to_va.bn)}
    table = {}
    for name, (dense, norm) in parts.items():
        assert isinstance(norm, BatchNorm)
        gain = norm.weight * torch.rsqrt(norm.running_var + BATCH_EPSILON)
        table[f"{name}.weight"] = (gain[:, None] * dense.weight).detach()
        table[f"{name}.bias"] = (norm.bias - gain * norm.running_mean).detach()
    return table
