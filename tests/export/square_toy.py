"""The toy of `tests.toy` with a wider decoder that has a square layer, large enough to be worth quantising."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sdk.models.registry import BuildOptions, ModelCard, StagedModel
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage
from tests.toy import VERTICES, WIDTH, ToyEntry, toy_pipeline, toy_stages

HIDDEN = 64


@dataclass(frozen=True)
class SquareState:
    previous: Tensor  # (1, HIDDEN) the last hidden vector


class SquareDecoder(Stage):
    name, clock = "motion_decoder", "frame"
    inputs = (
        InputSpec(name="features", shape=(2, WIDTH), source="audio_encoder.features"),
        InputSpec(name="style_embedding", shape=(1, WIDTH), source="identity.style_embedding"),
        InputSpec(name="rest", shape=(VERTICES, 3), source="identity.rest", unit="mm"),
    )
    outputs = (TensorSpec(name="vertices", shape=(VERTICES, 3), unit="mm"),)

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * WIDTH + WIDTH, HIDDEN)
        self.turn = nn.Linear(HIDDEN, HIDDEN)
        self.read = nn.Linear(HIDDEN, 3 * VERTICES)

    def init_state(self) -> SquareState:
        return SquareState(previous=torch.zeros(1, HIDDEN))

    def step(self, inputs: Mapping[str, Tensor], state: SquareState) -> tuple[dict[str, Tensor], SquareState]:
        audio = torch.cat([inputs["features"].reshape(1, 2 * WIDTH), inputs["style_embedding"]], 1)
        entered = torch.relu(self.enter(audio))
        hidden = 0.5 * state.previous + entered + self.turn(entered)
        vertices = inputs["rest"] + 10 * self.read(hidden).reshape(VERTICES, 3)
        return {"vertices": vertices}, SquareState(previous=hidden)


def square_stages(seed: int = 0) -> list[Stage]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        decoder = SquareDecoder().eval()
    return [*toy_stages(seed)[:2], decoder]


class SquareEntry(ToyEntry):
    name = "square_toy"

    def build(self, options: BuildOptions) -> StagedModel:
        stages = square_stages()
        return StagedModel(
            name=self.name,
            config={},
            weights={f"{s.name}.{key}": value for s in stages for key, value in s.state_dict().items()},
            stages=stages,
            pipeline=toy_pipeline(stages),
            unit="mm",
            card=ModelCard(title="Toy", licence="Apache-2.0", trained=False, description="A toy."),
            parameters=super().build(BuildOptions()).parameters,
        )

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        stages = square_stages(seed=1)
        for stage in stages:
            start = f"{stage.name}."
            stage.load_state_dict({k[len(start) :]: v for k, v in weights.items() if k.startswith(start)})
        return stages


ENTRY = SquareEntry()
