"""What the ONNX target writes, and what it refuses because Unity's engine would."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

from export.precision import FP32
from export.targets.base import LoweringOptions, find_target
from export.targets.onnx_graph import UNITY_OPERATORS
from sdk.errors import MissingDependencyError, TargetError
from sdk.stage import Stage
from tests.export.zoo import Call, OneOperator, zoo_stages
from tests.toy import ToyDecoder

TARGET = find_target("onnx")
OPTIONS = LoweringOptions()


@pytest.mark.parametrize("stage", zoo_stages(), ids=lambda stage: stage.name)
def test_a_graph_is_opset_15_with_the_specs_static_tensors(stage: Stage, tmp_path: Path) -> None:
    """Oracle: onnx's checker with strict shape inference."""
    path = tmp_path / "stage.onnx"
    assert TARGET.lower(stage, FP32, path, OPTIONS).undelegated == ()
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 15)]
    assert model.graph.name == stage.name
    spec = stage.spec
    outputs = [tensor.shape for tensor in (*spec.outputs, *spec.state)]
    assert described(model.graph.input) == [(t.name, onnx.TensorProto.FLOAT, t.shape) for t in spec.graph_inputs]
    assert described(model.graph.output) == [
        (name, onnx.TensorProto.FLOAT, shape) for name, shape in zip(spec.graph_output_names, outputs, strict=True)
    ]
    assert {node.op_type for node in model.graph.node} <= set(json.loads(UNITY_OPERATORS.read_text())["operators"])


def described(values: list[onnx.ValueInfoProto]) -> list[tuple[str, int, tuple[int, ...]]]:
    types = [(value.name, value.type.tensor_type) for value in values]
    return [(name, kind.elem_type, tuple(dim.dim_value for dim in kind.shape.dim)) for name, kind in types]


def test_lowering_twice_gives_the_same_file_and_no_path_of_ours(tmp_path: Path) -> None:
    stage = ToyDecoder().eval()
    for name in ("first", "second"):
        TARGET.lower(stage, FP32, tmp_path / name, OPTIONS)
    data = (tmp_path / "first").read_bytes()
    assert data == (tmp_path / "second").read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in data


def in_double(x: Tensor) -> Tensor:
    return (x.double() * torch.pi).float()


@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (lambda x: x + torch.linalg.det(x.reshape(2, 2, 2)).reshape(2, 1).sum(), "Det"),
        (lambda x: torch.fft.rfft(x, 14).real, "fft"),
        (in_double, "DOUBLE"),
    ],
    ids=["Det", "fft", "double"],
)
def test_what_unity_cannot_take_is_refused_by_name(operator: object, named: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=named):
        TARGET.lower(OneOperator(Call(operator)), FP32, tmp_path / "one.onnx", OPTIONS)
    assert not (tmp_path / "one.onnx").exists()


def test_a_missing_tool_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"nowface\[onnx\]"):
        TARGET.lower(ToyDecoder(), FP32, tmp_path / "toy.onnx", OPTIONS)


def test_weight_norm_is_folded_and_reported(tmp_path: Path) -> None:
    stage = OneOperator(nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)))
    report = TARGET.lower(stage, FP32, tmp_path / "one.onnx", OPTIONS)
    assert report.rewrites == ("fold_parametrisations",)
    assert [node.op_type for node in onnx.load(tmp_path / "one.onnx").graph.node] == ["Gemm"]
