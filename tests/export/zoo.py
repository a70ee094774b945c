"""Small stages that hold between them every layer and form a stage may use, and a pipeline around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from sdk.spec import InputSpec, PipelineSpec, TensorSpec
from sdk.stage import Stage
from tests.toy import HOP, VERTICES, toy_pipeline, toy_stages

BANDS, CHANNELS, HEADS, HEAD_DIM, WINDOW = 12, 16, 2, 8, 6


@dataclass(frozen=True)
class MelState:
    left: Tensor  # (1, 80) samples before the hop
    columns: Tensor  # (1, BANDS, 4) columns before the hop's, for the dilated convolution


class Mel(Stage):
    """Log-mel by constant products, a dilated convolution with its left context as state, LayerNorm over channels."""

    name, clock = "mel", "hop"
    inputs = (InputSpec(name="pcm", shape=(1, HOP), source="audio.pcm"),)
    outputs = (TensorSpec(name="features", shape=(1, CHANNELS)),)
    cosine: Tensor
    sine: Tensor
    bands: Tensor

    def __init__(self) -> None:
        super().__init__()
        angle = torch.arange(40)[:, None] * torch.arange(400)[None] * (2 * torch.pi / 400)
        self.register_buffer("cosine", torch.cos(angle) * torch.hann_window(400))
        self.register_buffer("sine", torch.sin(angle) * torch.hann_window(400))
        self.register_buffer("bands", torch.rand(BANDS, 40) / 40)
        self.conv = weight_norm(nn.Conv1d(BANDS, CHANNELS, 3, dilation=2))
        self.norm = nn.LayerNorm(CHANNELS)
        self.out = nn.Linear(CHANNELS, CHANNELS)

    def init_state(self) -> MelState:
        return MelState(left=torch.zeros(1, 80), columns=torch.zeros(1, BANDS, 4))

    def step(self, inputs: Mapping[str, Tensor], state: MelState) -> tuple[dict[str, Tensor], MelState]:
        window = torch.cat([state.left, inputs["pcm"]], 1)
        power = F.linear(window, self.cosine) ** 2 + F.linear(window, self.sine) ** 2
        mel = torch.log(torch.clamp(F.linear(power, self.bands), min=1e-2)).reshape(1, BANDS, 1)
        columns = torch.cat([state.columns, mel], 2)
        hidden = self.norm(F.gelu(self.conv(columns)).transpose(1, 2)).reshape(1, CHANNELS)
        level = torch.sqrt(hidden.square().mean(-1, keepdim=True) + 1e-3)
        features = F.relu(self.out(hidden)) / level
        return {"features": features}, MelState(left=window[:, -80:], columns=columns[:, :, 1:])


@dataclass(frozen=True)
class AttentionState:
    keys: Tensor  # (HEADS, WINDOW, HEAD_DIM) oldest first
    values: Tensor  # (HEADS, WINDOW, HEAD_DIM)
    valid: Tensor  # (1, 1, WINDOW) 1 where a key was written


class Attention(Stage):
    """One transformer layer over a shift register of keys and values, with a constant bias and validity flags."""

    name, clock = "attention", "frame"
    inputs = (
        InputSpec(name="features", shape=(1, CHANNELS), source="mel.features"),
        InputSpec(name="phase", shape=(1, 1), source="clock.phase"),
    )
    outputs = (TensorSpec(name="hidden", shape=(1, CHANNELS)),)
    bias: Tensor
    one: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS, eps=1e-4)
        self.qkv = nn.Linear(CHANNELS, 3 * CHANNELS)
        self.project = nn.Linear(CHANNELS, CHANNELS, bias=False)
        self.mlp = nn.Sequential(nn.Linear(CHANNELS, 32), nn.GELU(), nn.Dropout(0.1), nn.Linear(32, CHANNELS))
        slopes = torch.tensor([0.5, 0.25])[:, None, None]
        self.register_buffer("bias", slopes * torch.arange(1 - WINDOW, 1.0) - 1e4)
        self.register_buffer("one", torch.ones(1, 1, 1))

    def init_state(self) -> AttentionState:
        cache = torch.zeros(HEADS, WINDOW, HEAD_DIM)
        return AttentionState(keys=cache, values=cache.clone(), valid=torch.zeros(1, 1, WINDOW))

    def step(self, inputs: Mapping[str, Tensor], state: AttentionState) -> tuple[dict[str, Tensor], AttentionState]:
        x = inputs["features"] + torch.sin(inputs["phase"])
        query, key, value = (
            part.reshape(HEADS, 1, HEAD_DIM) for part in self.qkv(self.before(x)).split(CHANNELS, dim=1)
        )
        keys = torch.cat([state.keys[:, 1:], key], 1)
        values = torch.cat([state.values[:, 1:], value], 1)
        valid = torch.cat([state.valid[:, :, 1:], self.one], 2)
        scores = torch.bmm(query, keys.transpose(1, 2)) * HEAD_DIM**-0.5 + self.bias + valid * 1e4
        mixed = torch.bmm(torch.softmax(scores, -1), values).reshape(1, CHANNELS)
        x = x + self.project(mixed)
        x = x + self.mlp(self.after(x))
        return {"hidden": x}, AttentionState(keys=keys, values=values, valid=valid)


@dataclass(frozen=True)
class WireState:
    kept: Tensor  # (1, 3) never changes
    last: Tensor  # (1, CHANNELS)


class Wires(Stage):
    """Tensors that only pass through: an input nothing reads, an output given twice, a state that stays."""

    name, clock = "wires", "frame"
    inputs = (
        InputSpec(name="unread", shape=(VERTICES, 3), source="parameter.template", unit="mm"),
        InputSpec(name="hidden", shape=(1, CHANNELS), source="attention.hidden"),
    )
    outputs = (TensorSpec(name="twice", shape=(1, CHANNELS)), TensorSpec(name="before", shape=(1, CHANNELS)))

    def init_state(self) -> WireState:
        return WireState(kept=torch.zeros(1, 3), last=torch.zeros(1, CHANNELS))

    def step(self, inputs: Mapping[str, Tensor], state: WireState) -> tuple[dict[str, Tensor], WireState]:
        twice = inputs["hidden"] + inputs["hidden"]
        return {"twice": twice, "before": state.last}, WireState(kept=state.kept, last=twice)


def zoo_stages() -> list[Stage]:
    """The toy's stages and those above, with seeded weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        mine: list[Stage] = [Mel(), Attention(), Wires()]
    return [*toy_stages(), *(stage.eval() for stage in mine)]


def zoo_pipeline() -> PipelineSpec:
    stages = zoo_stages()
    return toy_pipeline(stages)


class OneOperator(Stage):
    """A stateless prepare stage of one operator, to see what a target does with it."""

    name, clock = "one", "prepare"
    inputs = (InputSpec(name="x", shape=(1, 8), source="parameter.x"),)
    outputs = (TensorSpec(name="y", shape=(1, 8)),)

    def __init__(self, operator: nn.Module) -> None:
        super().__init__()
        self.operator = operator

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        return {"y": self.operator(inputs["x"])}, ()


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)  # type: ignore[operator,no-any-return]
