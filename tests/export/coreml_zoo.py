"""Stages in the forms that speech-driven models need, small enough to convert in a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sdk.audio.logmel import LogMel, LogMelState
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage

WIDTH = 16


def one(shape: tuple[int, ...], name: str = "x") -> InputSpec:
    return InputSpec(name=name, shape=shape, source="audio.pcm")


class Plain(Stage):
    """A function of one tensor (or a layer) as a stage without state."""

    name, clock = "plain", "hop"

    def __init__(self, function: Callable[[Tensor], Sequence[Tensor]], *outputs: str, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        self.inputs = (one(shape),)
        results = function(torch.zeros(shape))
        self.outputs = tuple(
            TensorSpec(name=name, shape=tuple(result.shape)) for name, result in zip(outputs, results, strict=True)
        )

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        results = self.function(inputs["x"])
        return {output.name: result for output, result in zip(self.outputs, results, strict=True)}, ()


@dataclass(frozen=True)
class DilatedState:
    left: Tensor  # (1, WIDTH, 8)


class Dilated(Stage):
    """LayerNorm, then a causal convolution of dilation 4 over its own past, grouped, GELU."""

    name, clock = "dilated", "hop"
    inputs = (one((1, 2, WIDTH)),)
    outputs = (TensorSpec(name="y", shape=(1, 2, WIDTH)),)

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.conv = nn.Conv1d(WIDTH, WIDTH, 3, dilation=4, groups=4)

    def init_state(self) -> DilatedState:
        return DilatedState(left=torch.zeros(1, WIDTH, 8))

    def step(self, inputs: Mapping[str, Tensor], state: DilatedState) -> tuple[dict[str, Tensor], DilatedState]:
        line = torch.cat([state.left, self.norm(inputs["x"]).transpose(1, 2)], 2)
        return {"y": inputs["x"] + F.gelu(self.conv(line)).transpose(1, 2)}, DilatedState(left=line[:, :, -8:])


@dataclass(frozen=True)
class CacheState:
    keys: Tensor  # (heads, window, WIDTH / heads)
    values: Tensor
    valid: Tensor  # (1, 1, window)


class Cached(Stage):
    """Attention of one step over a shift register of keys and values, with a finite mask and a linear bias."""

    name, clock = "cached", "frame"
    inputs = (one((1, WIDTH)),)
    outputs = (TensorSpec(name="y", shape=(1, WIDTH)),)
    heads, window = 2, 12
    bias: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.leave = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        age = torch.arange(self.window - 1, -1, -1.0)
        self.register_buffer("bias", torch.tensor([-0.5, -0.0625])[:, None, None] * age)

    def init_state(self) -> CacheState:
        width = WIDTH // self.heads
        keys, values = (torch.zeros(self.heads, self.window, width) for _ in range(2))
        return CacheState(keys, values, torch.zeros(1, 1, self.window))

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(self.heads, 1, WIDTH // self.heads)

    def step(self, inputs: Mapping[str, Tensor], state: CacheState) -> tuple[dict[str, Tensor], CacheState]:
        x = inputs["x"]
        keys = torch.cat([state.keys[:, 1:], self._split(self.key(x))], 1)
        values = torch.cat([state.values[:, 1:], self._split(self.value(x))], 1)
        valid = torch.cat([state.valid[:, :, 1:], torch.ones(1, 1, 1)], 2)
        scores = torch.bmm(self._split(self.query(x)), keys.transpose(1, 2)) * (WIDTH / self.heads) ** -0.5
        weights = (scores + (self.bias + (valid - 1) * 1e4)).softmax(-1)
        mixed = torch.bmm(weights, values).reshape(1, WIDTH)
        return {"y": x + self.leave(mixed)}, CacheState(keys, values, valid)


class Spectral(Stage):
    """Log-mel of a hop, mapped to a feature; the front end may ask for full precision."""

    name, clock = "spectral", "hop"
    inputs = (one((1, 320)),)
    outputs = (TensorSpec(name="y", shape=(1, 2, WIDTH)),)

    def __init__(self, full_precision: bool = False) -> None:
        super().__init__()
        self.mel = LogMel()
        self.mel.full_precision = full_precision  # type: ignore[assignment]
        self.leave = nn.Linear(80, WIDTH)

    def init_state(self) -> LogMelState:
        return self.mel.init_state()

    def step(self, inputs: Mapping[str, Tensor], state: LogMelState) -> tuple[dict[str, Tensor], LogMelState]:
        columns, after = self.mel.step(inputs["x"], state)
        return {"y": torch.tanh(self.leave(columns * 0.1))}, after


def seeded(stage: type[Stage], seed: int = 0, **arguments: bool) -> Stage:
    """The stage with fixed weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return stage(**arguments).eval()
