"""A tiny model with every feature of the contract, for tests of generic code: prepare, hop and frame stages, state,
parameters, a window over the hop clock and feedback. Milliseconds to export, yet nothing in it is special-cased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sdk.models.registry import BuildOptions, ModelCard, StagedModel
from sdk.spec import FrameRate, InputSpec, PipelineSpec, TensorSpec
from sdk.stage import Stage

HOP, WIDTH, VERTICES = 320, 8, 5


@dataclass(frozen=True)
class EncoderState:
    left: Tensor  # (1, 80) newest samples of the hop before


class ToyEncoder(Stage):
    name, clock = "audio_encoder", "hop"
    inputs = (InputSpec(name="pcm", shape=(1, HOP), source="audio.pcm"),)
    outputs = (TensorSpec(name="features", shape=(1, WIDTH)),)

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(HOP + 80, WIDTH)

    def init_state(self) -> EncoderState:
        return EncoderState(left=torch.zeros(1, 80))

    def step(self, inputs: Mapping[str, Tensor], state: EncoderState) -> tuple[dict[str, Tensor], EncoderState]:
        window = torch.cat([state.left, inputs["pcm"]], 1)
        return {"features": torch.tanh(self.project(window))}, EncoderState(left=window[:, -80:])


class ToyIdentity(Stage):
    name, clock = "identity", "prepare"
    inputs = (
        InputSpec(name="template", shape=(VERTICES, 3), source="parameter.template", unit="mm"),
        InputSpec(name="style", shape=(1, 2), source="parameter.style"),
    )
    outputs = (
        TensorSpec(name="rest", shape=(VERTICES, 3), unit="mm"),
        TensorSpec(name="style_embedding", shape=(1, WIDTH)),
    )

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(2, WIDTH)

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        return {"rest": inputs["template"] + 0.5, "style_embedding": self.embed(inputs["style"])}, ()


@dataclass(frozen=True)
class DecoderState:
    previous: Tensor  # (1, WIDTH) the last hidden vector
    history: Tensor  # (1, 4, WIDTH) shift register


class ToyDecoder(Stage):
    name, clock = "motion_decoder", "frame"
    inputs = (
        InputSpec(name="features", shape=(2, WIDTH), source="audio_encoder.features"),
        InputSpec(name="phase", shape=(1, 1), source="clock.phase"),
        InputSpec(name="style_embedding", shape=(1, WIDTH), source="identity.style_embedding"),
        InputSpec(name="rest", shape=(VERTICES, 3), source="identity.rest", unit="mm"),
    )
    outputs = (
        TensorSpec(name="coefficients", shape=(1, WIDTH)),
        TensorSpec(name="vertices", shape=(VERTICES, 3), unit="mm"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(2 * WIDTH, WIDTH)
        self.read = nn.Linear(WIDTH, 3 * VERTICES)

    def init_state(self) -> DecoderState:
        return DecoderState(previous=torch.zeros(1, WIDTH), history=torch.zeros(1, 4, WIDTH))

    def step(self, inputs: Mapping[str, Tensor], state: DecoderState) -> tuple[dict[str, Tensor], DecoderState]:
        older, newer, phase = inputs["features"][0:1], inputs["features"][1:2], inputs["phase"]
        audio = older + (newer - older) * phase + inputs["style_embedding"]
        hidden = torch.tanh(self.mix(torch.cat([audio, state.previous], 1))).reshape(1, 1, WIDTH)
        history = torch.cat([state.history[:, 1:], hidden], 1)
        hidden = (hidden + history.mean(1, keepdim=True)).reshape(1, WIDTH)
        vertices = inputs["rest"] + self.read(hidden).reshape(VERTICES, 3)
        return {"coefficients": hidden, "vertices": vertices}, DecoderState(previous=hidden, history=history)


def toy_stages(seed: int = 0) -> list[Stage]:
    """Encoder, identity and decoder with seeded weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [stage.eval() for stage in (ToyEncoder(), ToyIdentity(), ToyDecoder())]


def toy_pipeline(stages: Sequence[Stage], fps: str = "30", lookahead: int = 0) -> PipelineSpec:
    return PipelineSpec(
        hop=HOP,
        frame_rate=FrameRate.parse(fps),
        lookahead_samples=lookahead,
        parameters=(
            TensorSpec(name="template", shape=(VERTICES, 3), unit="mm"),
            TensorSpec(name="style", shape=(1, 2)),
        ),
        stages=tuple(stage.spec for stage in stages),
        values="motion_decoder.vertices",
    )


class ToyEntry:
    """The toy as the registry sees a model."""

    name = "toy"
    summary = "a toy for tests"

    def build(self, options: BuildOptions) -> StagedModel:
        stages = toy_stages()
        weights = {f"{s.name}.{key}": value for s in stages for key, value in s.state_dict().items()}
        read = stages[2].read  # type: ignore[attr-defined]
        return StagedModel(
            name=self.name,
            config={"width": WIDTH},
            weights=weights,
            stages=stages,
            pipeline=toy_pipeline(stages, str(options.frame_rate or 30), options.lookahead_samples),
            unit="mm",
            card=ModelCard(title="Toy", licence="Apache-2.0", trained=False, description="A toy."),
            parameters={
                "template": np.arange(3 * VERTICES, dtype=np.float32).reshape(VERTICES, 3),
                "style": np.array([[1, 0]], np.float32),
            },
            basis={
                "basis": read.weight.detach().numpy().T.reshape(WIDTH, VERTICES, 3).copy(),
                "offset": read.bias.detach().numpy().reshape(VERTICES, 3).copy() + 0.5,
            },
        )

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        assert config == {"width": WIDTH}
        stages = toy_stages(seed=1)
        for stage in stages:
            start = f"{stage.name}."
            stage.load_state_dict({k[len(start) :]: v for k, v in weights.items() if k.startswith(start)})
        return stages


ENTRY = ToyEntry()
