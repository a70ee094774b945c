"""A stage of one layer that is wide enough for every form of every target."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


class WideLayer(Stage):
    name, clock = "wide", "frame"
    inputs = (InputSpec(name="x", shape=(1, 96), source="parameter.x"),)
    outputs = (TensorSpec(name="y", shape=(1, 64)),)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layer = nn.Linear(96, 64)
        self.eval().requires_grad_(False)

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        return {"y": self.layer(inputs["x"])}, state
