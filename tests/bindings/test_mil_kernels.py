"""Operators of PyTorch, converted and then run by the interpreter, against PyTorch itself: one output an operator.

One package holds all cases, because a conversion costs far more than an operation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.precision import StagePlan
from export.targets.base import LoweringOptions
from export.targets.coreml_program import TARGET
from runtime_bindings.python.mil.loader import load_program
from runtime_bindings.python.mil.program import Program
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage

X = Tensor
WEIGHT = torch.linspace(-1, 1, 5 * 8).reshape(5, 8)


def seeded(module: nn.Module) -> nn.Module:
    """Fixed weights and statistics of no special form."""
    generator = torch.Generator().manual_seed(1)
    for _, tensor in sorted(module.state_dict().items()):
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.1)
    return module.eval()


UNARY: dict[str, Callable[[X], X]] = {
    "abs": torch.abs,
    "argmax": lambda x: x.argmax(-1).float(),
    "argmin": lambda x: x.argmin(-1, keepdim=True).float(),
    "ceil": torch.ceil,
    "clamp": lambda x: x.clamp(-0.5, 0.75),
    "clamp_below": lambda x: x.clamp(min=0.25),
    "cos": torch.cos,
    "divide": lambda x: x / 3.0,
    "erf": torch.erf,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "floor": torch.floor,
    "gelu": F.gelu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "log": lambda x: (x.abs() + 0.01).log(),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "maximum_along": lambda x: x.amax(1, keepdim=True),
    "mean": lambda x: x.mean(-1, keepdim=True),
    "minimum_along": lambda x: x.amin(-1),
    "negative": torch.neg,
    "reciprocal": lambda x: 1.0 / (x.abs() + 0.01),
    "relu": torch.relu,
    "reverse_subtract": lambda x: 1.5 - x,
    "round": torch.round,
    "root": lambda x: x.abs().sqrt(),
    "rsqrt": lambda x: (x * x + 1e-3).rsqrt(),
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "silu": F.silu,
    "sin": torch.sin,
    "softmax": lambda x: x.softmax(-1),
    "softmax_middle": lambda x: x.softmax(1),
    "softplus": F.softplus,
    "sum": lambda x: x.sum((0, 2)),
    "sum_all": lambda x: x.sum().reshape(1),
    "tanh": torch.tanh,
    "third_power": lambda x: (x.abs() + 0.1) ** 0.3,
    "variance": lambda x: x.var(-1),
}
BINARY: dict[str, Callable[[X, X], X]] = {
    "add": torch.add,
    "add_alpha": lambda x, y: torch.add(x, y, alpha=2),
    "and": lambda x, y: torch.logical_and(x > 0, y > 0).float(),
    "bmm": lambda x, y: torch.bmm(x, y.transpose(1, 2)),
    "cat": lambda x, y: torch.cat([x, y], 1),
    "div": lambda x, y: x / (y.abs() + 1),
    "eq": lambda x, y: (x == y.roll(1, 0)).float(),
    "ge": lambda x, y: (x >= y).float(),
    "gt": lambda x, y: (x > y).float(),
    "le": lambda x, y: (x <= y).float(),
    "lt": lambda x, y: (x < y).float(),
    "matmul_broadcast": lambda x, y: x @ y[:1].mT,
    "max": torch.maximum,
    "min": torch.minimum,
    "mul": torch.mul,
    "ne": lambda x, y: (x != y).float(),
    "not": lambda x, y: torch.logical_not(x > y).float(),
    "or": lambda x, y: torch.logical_or(x > 0, y > 0).float(),
    "stack": lambda x, y: torch.stack([x, y], 1),
    "sub": torch.sub,
    "sub_alpha": lambda x, y: torch.sub(x, y, alpha=0.5),
    "where": lambda x, y: torch.where(x > y, x, y * 2),
}
MOVES: dict[str, Callable[[X], X]] = {
    "chunk": lambda x: x.chunk(2, -1)[1],
    "expand": lambda x: x[:, :1].expand(2, 5, 8),
    "flatten": lambda x: x.flatten(1),
    "given_back": lambda x: x,
    "look_up": lambda x: F.embedding(x.argmax(-1), torch.linspace(-2, 2, 32).reshape(8, 4)),
    "look_up_along": lambda x: x.gather(2, x.argmax(-1, keepdim=True)),
    "pad": lambda x: F.pad(x, (2, 1), value=0.5),
    "pad_reflect": lambda x: F.pad(x, (2, 1), mode="reflect"),
    "pad_repeat": lambda x: F.pad(x, (2, 0), mode="replicate"),
    "pad_two_axes": lambda x: F.pad(x, (2, 1, 0, 3)),
    "permute": lambda x: x.permute(2, 0, 1),
    "pick": lambda x: x[:, 1],
    "repeat": lambda x: x.repeat(1, 2, 1),
    "reshape": lambda x: x.reshape(6, 8),
    "roll": lambda x: x.roll(1, -1),
    "slice": lambda x: x[:, 1:3, -4:],
    "split": lambda x: torch.split(x, [3, 5], -1)[1],
    "squeeze": lambda x: x[:1].squeeze(0),
    "stride": lambda x: x[..., 1::3],
    "take": lambda x: x.index_select(1, torch.tensor([2, 0])),
    "unsqueeze": lambda x: x.unsqueeze(1).unsqueeze(-1),
}
LAYERS: dict[str, nn.Module] = {
    "batch_norm": nn.BatchNorm1d(3),
    "conv": nn.Conv1d(3, 4, 3, dilation=2, padding=1),
    "conv_grouped": nn.Conv1d(3, 6, 3, groups=3, stride=2),
    "conv_two_axes": nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv2d(1, 2, (2, 3), padding=(1, 2), bias=False)),
    "group_norm": nn.GroupNorm(1, 3),
    "instance_norm": nn.InstanceNorm1d(3, affine=True),
    "layer_norm": nn.LayerNorm(8),
    "layer_norm_bare": nn.LayerNorm(8, eps=1e-3, elementwise_affine=False),
    "linear": nn.Linear(8, 5),
}


def attention(x: X, y: X) -> X:
    """Two heads, three steps, eight channels."""
    return F.scaled_dot_product_attention(*(t.reshape(1, 2, 3, 8) for t in (x, y, x + y)))


def masked_attention(x: X, y: X) -> X:
    """With the last step hidden by a finite mask."""
    mask = torch.tensor([0.0, 0.0, -1e4]).expand(1, 1, 3, 3)
    return F.scaled_dot_product_attention(*(t.reshape(1, 2, 3, 8) for t in (x, y, x + y)), mask)


def take_first(function: Callable[[X], X]) -> Callable[[X, X], X]:
    return lambda x, _: function(x)


CASES: dict[str, Callable[[X, X], X]] = {
    **{name: take_first(function) for name, function in (*UNARY.items(), *MOVES.items())},
    **{name: take_first(seeded(layer)) for name, layer in LAYERS.items()},
    **BINARY,
    "attention": attention,
    "attention_masked": masked_attention,
    "linear_constant": lambda x, _: F.linear(x, WEIGHT),
    "matmul_constant": lambda x, _: WEIGHT @ x.mT,
}


class EveryOperation(Stage):
    """One output a case."""

    name, clock = "every_operation", "hop"
    inputs = tuple(InputSpec(name=name, shape=(2, 3, 8), source="audio.pcm") for name in ("x", "y"))

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(LAYERS)
        x, y = self.example()
        self.outputs = tuple(
            TensorSpec(name=f"case_{name}", shape=tuple(case(x, y).shape)) for name, case in CASES.items()
        )

    def example(self, generator: torch.Generator | None = None) -> tuple[X, ...]:
        # Distinct numbers that fp16 holds exactly, so that no comparison turns on a rounding.
        order = [torch.randperm(48, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1)]
        return tuple(((n - 24) / 16 + shift).reshape(2, 3, 8) for n, shift in zip(order, (1 / 64, 1 / 32), strict=True))

    def step(self, inputs: Mapping[str, X], state: tuple[()]) -> tuple[dict[str, X], tuple[()]]:
        return {f"case_{name}": case(inputs["x"], inputs["y"]) for name, case in CASES.items()}, ()


@dataclass(frozen=True)
class Converted:
    """The package of one precision, run once."""

    program: Program
    results: Mapping[str, X]
    expected: Mapping[str, X]


@functools.cache
def convert(precision: str, system: str) -> Converted:
    stage = EveryOperation()
    with TemporaryDirectory() as folder:
        package = Path(folder) / "every.mlpackage"
        TARGET.lower(stage, StagePlan(precision), package, LoweringOptions(min_deployment_target=system))
        program = load_program(package, stage.name)
    x, y = stage.example()
    with torch.no_grad():
        expected = {f"case_{name}": case(x, y) for name, case in CASES.items()}
    return Converted(program, program.run({"x": x, "y": y}), expected)


# The newest format in fp32, where attention is one operation; the oldest in fp16, where it is taken apart.
@pytest.mark.parametrize("case", sorted(CASES))
@pytest.mark.parametrize(("precision", "system"), [("fp32", "iOS18"), ("fp16", "iOS15")])
def test_operation_equals_torch(precision: str, system: str, case: str) -> None:
    package = convert(precision, system)
    result, expected = package.results[f"case_{case}"], package.expected[f"case_{case}"]
    assert result.shape == expected.shape
    # 2^-11 is the largest rounding of one fp16 value; a case is a handful of operations.
    tolerance = 5e-3 if precision == "fp16" else 1e-6
    torch.testing.assert_close(result, expected, rtol=tolerance, atol=tolerance * max(1, expected.abs().max().item()))


@pytest.mark.parametrize(("precision", "system"), [("fp32", "iOS18"), ("fp16", "iOS15")])
def test_only_half_packages_round_to_half(precision: str, system: str) -> None:
    result = convert(precision, system).results["case_softmax"]
    assert torch.equal(result, result.half().float()) == (precision == "fp16")
