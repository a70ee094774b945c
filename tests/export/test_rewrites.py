"""Every exact rewrite: equal to the original within float rounding, and the original left as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm

from export.precision import LEAST_INPUTS, StagePlan, quantisable
from export.targets.base import LoweringOptions, find_target
from export.targets.rewrites import ModuleRewrite, rewrite
from export.targets.rewrites.convolution import (
    CONVOLUTION_TO_LINEAR,
    GroupedLinearConvolution,
    LinearConvolution,
)
from export.targets.rewrites.layer_norm import LAYER_NORM_TO_LINEAR, LinearLayerNorm
from export.targets.rewrites.operator_forms import apply_forms
from export.targets.rewrites.parametrisation import FOLD_PARAMETRISATIONS
from export.targets.rewrites.row_table import TABLE_TO_BYTES
from sdk.models.layers.causal_conv import CausalConv1d, ConvState
from sdk.models.layers.row_table import RowTable
from sdk.spec import TensorSpec
from sdk.stage import flatten
from tests.export.wide_layer import WideLayer
from tests.export.zoo import Call, Mel, OneOperator


@pytest.mark.parametrize("each", [LAYER_NORM_TO_LINEAR, FOLD_PARAMETRISATIONS], ids=lambda each: each.name)
def test_a_rewritten_stage_equals_the_original_and_leaves_it_alone(each: ModuleRewrite) -> None:
    stage = Mel().train()
    before = {name: value.clone() for name, value in stage.state_dict().items()}
    changed, names = rewrite(stage, [each])
    assert names == (each.name,)
    arguments = [torch.randn_like(tensor) for tensor in stage.example()]
    for want, have in zip(stage(*arguments), changed(*arguments), strict=True):
        torch.testing.assert_close(have, want, rtol=0, atol=2e-6)
    after = stage.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert stage.training
    assert all(parameter.requires_grad for parameter in stage.parameters())
    assert not any(parameter.requires_grad for parameter in changed.parameters())
    assert isinstance(stage.norm, nn.LayerNorm)
    assert parametrize.is_parametrized(stage.conv)


def test_a_rewrite_that_finds_nothing_is_not_named() -> None:
    stage = OneOperator(nn.Linear(8, 8))
    assert rewrite(stage, [LAYER_NORM_TO_LINEAR, FOLD_PARAMETRISATIONS])[1] == ()


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.just(1), st.integers(1, 4), st.integers(1, 300)),
    scale=st.floats(1e-3, 1e3),
    offset=st.floats(-10, 10),
    eps=st.sampled_from([1e-12, 1e-6, 1e-5, 1e-3]),
    affine=st.sampled_from([{}, {"bias": False}, {"elementwise_affine": False}]),
)
def test_linear_layer_norm_equals_torchs(
    shape: tuple[int, int, int], scale: float, offset: float, eps: float, affine: dict[str, bool]
) -> None:
    """Oracle: nn.LayerNorm in float64. Both float32 forms are near it by the rounding of the mean, seen through the
    division by the deviation.
    """
    generator = torch.Generator().manual_seed(shape[-1])
    layer = nn.LayerNorm(shape[-1], eps=eps, **affine)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, generator=generator)
    x = (torch.randn(shape, generator=generator) + offset) * scale
    rewritten = LinearLayerNorm(layer)(x).double()
    exact = layer.double()(x.double())
    deviation = (x.double().var(-1, correction=0) + eps).sqrt().min()
    rounding = 1e-6 * (1 + x.double().abs().max() / deviation)
    gain = layer.weight.abs().max().item() if layer.weight is not None else 1.0
    assert (rewritten - exact).abs().max() <= rounding * (1 + gain)


def test_layer_norm_over_two_axes_stays() -> None:
    stage = OneOperator(nn.Sequential(nn.Unflatten(1, (2, 4)), nn.LayerNorm((2, 4)), nn.Flatten()))
    assert rewrite(stage, [LAYER_NORM_TO_LINEAR])[1] == ()


def test_every_parametrisation_is_folded() -> None:
    layer = weight_norm(weight_norm(nn.Linear(8, 8)), name="bias", dim=None)
    changed, _ = rewrite(OneOperator(layer), [FOLD_PARAMETRISATIONS])
    assert sorted(changed.state_dict()) == ["operator.bias", "operator.weight"]


aten = torch.ops.aten
FORMS: dict[str, tuple[Callable[[Tensor], Tensor], list[object]]] = {
    "unsqueeze": (lambda x: x.unsqueeze(1) * x[None], [aten.unsqueeze]),
    "squeeze": (lambda x: x[:1].squeeze(0) * x[:1, :1].squeeze() + x[:1, :1].squeeze((0, 1)), [aten.squeeze]),
    "select": (lambda x: x[:, 0] + x[:, -1], [aten.select]),
    "unbind": (lambda x: x.unbind(1)[2] + x.unbind(-1)[0][0, 0], [aten.unbind, aten.select]),
    "split": (lambda x: x.split(3, -1)[1] + x.chunk(2, -1)[1][..., :3], [aten.split]),
    "split_with_sizes": (lambda x: x.split([1, 5, 2], -1)[1], [aten.split_with_sizes]),
    "expand": (lambda x: x.expand(2, -1, 8), [aten.expand]),
    "matmul": (lambda x: x @ x.transpose(1, 2) @ x, [aten.matmul]),
    "matmul 4-D": (lambda x: x.reshape(1, 2, 4, 8) @ x.reshape(1, 2, 8, 4), [aten.matmul]),
    "mean": (lambda x: x.mean(1) + x.mean((0, 1), keepdim=True) + x.mean(-1, keepdim=True).mean(), []),
    "sum": (lambda x: x.sum(-1) + x.sum((0, -1)) + x.sum(), []),
    "softmax": (lambda x: x.softmax(1), []),
    "integer scalars": (lambda x: (x + 1) * 2 - 3 + (4 - x) / 5, [aten.rsub]),
    "gelu by tanh": (lambda x: torch.nn.functional.gelu(x * 3, approximate="tanh"), [aten.gelu]),
    "reciprocal": (lambda x: 1 / (x * x + 1) + torch.reciprocal(x.abs() + 1), [aten.reciprocal]),
    "constants": (
        lambda x: torch.cat([x, torch.ones(2, 4, 1), torch.zeros_like(x), x.new_full((2, 4, 1), 3.0)], 2),
        [],
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_an_operators_form_equals_it(name: str) -> None:
    function, gone = FORMS[name]
    example = (torch.randn(2, 4, 8),)
    program = torch.export.export(Call(function), example, strict=False)
    before = str(program.graph)
    formed, names = apply_forms(program, example)
    assert str(program.graph) == before
    assert names
    torch.testing.assert_close(formed.module()(*example), function(*example), rtol=1e-6, atol=1e-6)
    packets = {getattr(node.target, "overloadpacket", None) for node in formed.graph.nodes}
    makers = {aten.ones, aten.zeros_like, aten.new_full, aten.new_ones, aten.full}
    assert not packets & {*gone, *makers}


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[:1].expand(2, 4, 8) + x,
        lambda x: x @ x.reshape(8, 8),
        lambda x: x.mean(1, dtype=torch.float64),
        lambda x: torch.softmax(x, -1),
        lambda x: torch.nn.functional.gelu(x * 2.5),
    ],
    ids=["real expand", "broadcast product", "mean in double", "softmax of the last", "gelu by erf of a float product"],
)
def test_an_operator_that_fits_no_form_stays(function: Callable[[Tensor], Tensor]) -> None:
    example = (torch.randn(2, 4, 8),)
    formed, names = apply_forms(torch.export.export(Call(function), example, strict=False), example)
    assert names == ()
    torch.testing.assert_close(formed.module()(*example), function(*example))


@pytest.mark.parametrize(
    ("kernel", "stride", "channels"), [(10, 5, 1), (3, 2, 6), (7, 3, 2), (2, 2, 4), (3, 1, 5), (1, 1, 3)]
)
@pytest.mark.parametrize("count", [1, 2, 12])
def test_a_convolution_as_a_linear_layer_equals_it(kernel: int, stride: int, channels: int, count: int) -> None:
    layer = CausalConv1d(channels, 7, kernel, stride=stride, bias=kernel != 3)
    holder = nn.Sequential(layer).eval().requires_grad_(False)
    x = torch.randn(1, channels, count * stride)
    state = layer.init_state()
    wanted, after = layer.step(x, state)
    assert CONVOLUTION_TO_LINEAR.apply(holder) == 1
    got, next_state = layer.step(x, state)
    torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)
    for (_, ours), (_, theirs) in zip(flatten(next_state), flatten(after), strict=True):
        assert torch.equal(ours, theirs)
    assert "0.conv.linear" in quantisable(holder) or kernel * channels < LEAST_INPUTS


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_in_groups_as_linear_layers_equals_it(stride: int, count: int, bias: bool) -> None:
    layer = CausalConv1d(64, 96, 33, stride=stride, groups=4, bias=bias)
    holder = nn.Sequential(layer).eval().requires_grad_(False)
    x, state = torch.randn(1, 64, count * stride), ConvState(torch.randn(1, 64, 33 - stride))
    wanted, after = layer.step(x, state)
    assert CONVOLUTION_TO_LINEAR.apply(holder) == 1
    got, next_state = layer.step(x, state)
    torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)
    assert isinstance(next_state, ConvState)
    assert isinstance(after, ConvState)
    assert torch.equal(next_state.left, after.left)
    assert [name for name in quantisable(holder) if name.startswith("0.conv.groups.")]


def test_convolutions_that_no_row_of_taps_can_say_stay() -> None:
    stay = nn.Sequential(nn.Conv1d(4, 4, 3, groups=2), nn.Conv1d(4, 4, 3, dilation=2), nn.Conv1d(4, 4, 3, padding=1))
    assert CONVOLUTION_TO_LINEAR.apply(stay) == 0


class Convolved(WideLayer):
    outputs = (TensorSpec(name="y", shape=(1, 60)),)

    def __init__(self) -> None:
        super().__init__()
        self.conv = LinearConvolution(nn.Conv1d(8, 12, 3, stride=2)).requires_grad_(False)

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        return {"y": self.conv(inputs["x"].reshape(1, 8, 12)[:, :, :11]).reshape(1, 60)}, state


class ConvolvedInGroups(WideLayer):
    outputs = (TensorSpec(name="y", shape=(1, 24)),)

    def __init__(self) -> None:
        super().__init__()
        self.conv = GroupedLinearConvolution(nn.Conv1d(8, 24, 12, groups=2)).requires_grad_(False)

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        return {"y": self.conv(inputs["x"].reshape(1, 8, 12)).reshape(1, 24)}, state


@pytest.mark.parametrize(
    ("stage", "layers"), [(Convolved, ["conv.linear"]), (ConvolvedInGroups, ["conv.groups.0", "conv.groups.1"])]
)
def test_a_convolution_as_linear_layers_stays_in_one_delegate(
    stage: type[WideLayer], layers: list[str], tmp_path: Path
) -> None:
    plan = StagePlan("fp32", dict.fromkeys(layers, "int8"))
    lowered = find_target("executorch").lower(stage(), plan, tmp_path / "one.pte", LoweringOptions())
    assert lowered.undelegated == ()


def test_a_table_in_bytes_is_within_a_step_of_the_rows_and_small_ones_stay() -> None:
    table, small = RowTable(1024, 64), RowTable(8, 8)
    table.rows.copy_(torch.randn(1024, 64) * torch.rand(1024, 1))
    holder = nn.ModuleList([table, small])
    numbers = torch.tensor([0, 5, 1023])
    wanted = table(numbers)
    assert TABLE_TO_BYTES.apply(holder) == 1
    assert (holder[0](numbers) - wanted).abs().amax(1).le(0.51 * wanted.abs().amax(1) / 127).all()
    assert holder[1] is small
