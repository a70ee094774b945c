"""The gate of 8 bits on the trained default: quantised well it passes, and each way of doing it wrong fails."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor, nn

from sdk.bundle.trace import Trace
from sdk.models.registry import BuildOptions, StagedModel, find_model
from sdk.parity import compare
from sdk.parity.face import Face, View
from sdk.parity.findings import Problem
from sdk.parity.replay import record
from sdk.parity.tolerances import tolerance_for
from sdk.pretrained import SPEECH
from sdk.runtime.eager import EagerExecutor
from sdk.runtime.executor import Array, Executor
from sdk.stage import Stage

SECONDS = 3.5
"""The first sentence, and the silence before it."""


@cache
def model() -> StagedModel:
    return find_model("faceformer").build(BuildOptions())


@cache
def speech() -> np.ndarray:
    return soundfile.read(SPEECH, dtype="float32")[0][: int(SECONDS * 16_000)]


def spoken(executor: Executor) -> Trace:
    pcm = speech()
    return record(model().pipeline, executor, model().parameters, pcm, [len(pcm)])


@cache
def reference() -> Trace:
    return spoken(EagerExecutor(model().stages))


class EightBits(nn.Linear):
    """A linear layer with weights of 8 bits a channel, and inputs of 8 bits with a scale for each step."""

    def __init__(self, whole: nn.Linear, *, scale: float = 1.0, zero_point: int = 0) -> None:
        super().__init__(whole.in_features, whole.out_features, bias=whole.bias is not None)
        step = whole.weight.detach().abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
        self.weight = nn.Parameter((whole.weight.detach() / step).round() * step * scale)
        self.bias = whole.bias
        self.zero_point = zero_point

    def forward(self, values: Tensor) -> Tensor:
        low, high = values.amin(-1, keepdim=True).clamp_max(0), values.amax(-1, keepdim=True).clamp_min(0)
        step = (high - low).clamp_min(1e-9) / 255
        zero = (-low / step).round()
        whole = (values / step + zero).round().clamp(0, 255)
        return super().forward((whole - zero - self.zero_point) * step)


def eight_bits(stages: Sequence[Stage], scale: float = 1.0, zero_point: int = 0) -> Sequence[Stage]:
    """Quantise every linear layer."""
    for stage in stages:
        for name, layer in list(stage.named_modules()):
            if isinstance(layer, nn.Linear):
                stage.set_submodule(name, EightBits(layer, scale=scale, zero_point=zero_point))
    return stages


def wrong(executor: Executor, precision: str = "int8") -> list[Problem]:
    staged = model()
    tensors = {f"{stage.name}.{t.name}": t for stage in staged.pipeline.stages for t in stage.outputs}
    values = staged.pipeline.values
    view = View(values, Face.of(staged.channels, staged.unit, tensors[values].shape), tuple(staged.channels))
    return list(compare(reference(), spoken(executor), tolerance_for(precision), tensors=tensors, view=view).problems)


def copied() -> list[Stage]:
    return [copy.deepcopy(stage) for stage in model().stages]


def test_quantised_well_it_passes() -> None:
    assert wrong(EagerExecutor(eight_bits(copied()))) == []


@pytest.mark.parametrize("scale", [0.98, 1.02])
def test_a_scale_off_by_two_percent_fails_on_the_face(scale: float) -> None:
    assert "face.gain" in {problem.where for problem in wrong(EagerExecutor(eight_bits(copied(), scale=scale)))}


@pytest.mark.parametrize("off", [-1, 1])
def test_a_zero_point_off_by_one_fails_on_the_face(off: int) -> None:
    assert "face.lip_error" in {problem.where for problem in wrong(EagerExecutor(eight_bits(copied(), zero_point=off)))}


def test_a_transposed_weight_fails_on_the_face() -> None:
    stages = copied()
    square = [
        layer
        for stage in stages
        for layer in stage.modules()
        if isinstance(layer, nn.Linear) and layer.in_features == layer.out_features
    ]
    with torch.no_grad():
        square[0].weight.copy_(square[0].weight.T.clone())
    found = {problem.where for problem in wrong(EagerExecutor(eight_bits(stages)))}
    assert {"face.lip_error", "face.gain"} <= found


class Spoilt:
    """An executor whose results pass through `spoil`."""

    target, precision = "fake", "int8"

    def __init__(self, spoil: Callable[[str, Mapping[str, Array], dict[str, Array]], dict[str, Array]]) -> None:
        self.spoil = spoil
        self.inner = EagerExecutor(model().stages)

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        return self.spoil(stage, tensors, self.inner.run(stage, tensors))

    def close(self) -> None:
        self.inner.close()


def test_a_dropped_state_fails() -> None:
    stateful = {stage.name: stage.state[0].name for stage in model().pipeline.stages if stage.state}
    assert stateful

    def spoil(stage: str, given: Mapping[str, Array], made: dict[str, Array]) -> dict[str, Array]:
        return {**made, stateful[stage]: given[stateful[stage]].copy()} if stage in stateful else made

    found = {problem.where for problem in wrong(Spoilt(spoil))}
    assert found & {f"{stage}.{state}" for stage, state in stateful.items()}


def test_an_overflow_of_half_precision_fails() -> None:
    """A sum beyond 65,504 is infinite: here the one of a loud moment. What is subtracted from it later is no number."""
    values = model().pipeline.values.partition(".")

    def spoil(stage: str, given: Mapping[str, Array], made: dict[str, Array]) -> dict[str, Array]:
        if stage == values[0] and made[values[2]].max() > 0.2:
            with np.errstate(over="ignore", invalid="ignore"):
                large = (made[values[2]] * np.float32(1e6)).astype(np.float16)
                made[values[2]] = (large - large).astype(np.float32) + made[values[2]]
        return made

    assert {problem.kind for problem in wrong(Spoilt(spoil), "fp16")} >= {"nonfinite"}
