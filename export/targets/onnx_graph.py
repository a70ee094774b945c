"""Target ``onnx``: one ``.onnx`` a stage that Unity's inference engine and ONNX Runtime both take.

Opset 15 is the newest that every release of Unity's engine takes. PyTorch's newer exporter starts at opset 18 and
ONNX's converter cannot bring its graphs down (the axes of ReduceMean became an input in 18), so the graphs come from
the exporter by tracing, which writes opset 15 itself.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from export.precision import StagePlan
from export.targets.base import Lowered, LoweringOptions, Target
from export.targets.quiet import quiet
from export.targets.rewrites import rewrite
from export.targets.rewrites.parametrisation import FOLD_PARAMETRISATIONS
from runtime_bindings.python.dependency import require
from sdk.errors import TargetError
from sdk.spec import StageSpec
from sdk.stage import Stage

NAME = "onnx"
OPSET = 15
PRECISIONS = ("fp32",)
MEND = "write the stage in other operators"
REWRITES = (FOLD_PARAMETRISATIONS,)
UNITY_OPERATORS = Path(__file__).with_name("unity_operators.json")
MAX_RANK = 8
"""Unity's engine takes no tensor of more dimensions (its manual, "Supported models")."""


def lower(stage: Stage, plan: StagePlan, destination: Path, options: LoweringOptions) -> Lowered:  # noqa: ARG001
    """Write `stage` to `destination` as a graph with static shapes and the spec's tensor names.

    Raises:
        MissingDependencyError: ``onnx`` is not installed.
        TargetError: Unity's engine cannot take the graph.
    """
    onnx = require("onnx", NAME)
    ready, rewrites = rewrite(stage, REWRITES)
    spec = stage.spec
    model = onnx.load_model_from_string(_trace(ready, spec))
    model.graph.name = spec.name
    _declare_inputs(onnx, model, spec)
    check(onnx, model, spec)
    destination.write_bytes(model.SerializeToString(deterministic=True))
    return Lowered(rewrites=rewrites)


def _trace(stage: Stage, spec: StageSpec) -> bytes:
    """The graph as PyTorch's tracing exporter writes it."""
    buffer = io.BytesIO()
    try:
        with quiet(), torch.no_grad():
            torch.onnx.export(
                stage,
                stage.example(),
                buffer,  # type: ignore[arg-type]  # the tracing exporter takes a file object, the newer one does not
                dynamo=False,
                opset_version=OPSET,
                input_names=[tensor.name for tensor in spec.graph_inputs],
                output_names=list(spec.graph_output_names),
            )
    except torch.onnx.errors.OnnxExporterError as error:
        line = str(error).strip().partition("\n")[0]
        raise TargetError(spec.name, f"cannot be written as ONNX ({line})", MEND) from error
    return buffer.getvalue()


def _declare_inputs(onnx: Any, model: Any, spec: StageSpec) -> None:
    """Declare every input of the spec in its order: the exporter drops those that nothing reads."""
    del model.graph.input[:]
    for tensor in spec.graph_inputs:
        info = onnx.helper.make_tensor_value_info(tensor.name, onnx.TensorProto.FLOAT, tensor.shape)
        model.graph.input.append(info)


def check(onnx: Any, model: Any, spec: StageSpec) -> None:
    """Prove that `model` is valid ONNX and within what Unity's engine takes.

    Raises:
        TargetError: it is not; the error names the operator or tensor.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        line = str(error).strip().partition("\n")[0]
        raise TargetError(spec.name, f"is not a valid ONNX graph ({line})", MEND) from error
    opsets = {(entry.domain, entry.version) for entry in model.opset_import}
    assert opsets == {("", OPSET)}, opsets
    assert not model.functions
    supported = set(json.loads(UNITY_OPERATORS.read_text())["operators"])
    for node in inferred.graph.node:
        if node.domain or node.op_type not in supported:
            problem = f"Unity's engine has no operator {node.domain or 'ONNX'} {node.op_type}"
            raise TargetError(spec.name, problem, MEND)
    _check_tensors(onnx, inferred.graph, spec)


def _check_tensors(onnx: Any, graph: Any, spec: StageSpec) -> None:
    """Static shapes of at most `MAX_RANK` dimensions, and element types that the engine stores as float or int."""
    kinds = onnx.TensorProto
    # bool is what comparisons give; the engine keeps it as int.
    allowed = {kinds.FLOAT, kinds.INT32, kinds.INT64, kinds.BOOL}
    values = [*graph.input, *graph.output, *graph.value_info]
    for value in values:
        tensor = value.type.tensor_type
        sizes = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in tensor.shape.dim]
        if not tensor.HasField("shape") or 0 in sizes or len(sizes) > MAX_RANK:
            problem = f"tensor {value.name} has no static shape of at most {MAX_RANK} dimensions"
            raise TargetError(spec.name, problem, "write the stage with fixed sizes")
        if tensor.elem_type not in allowed:
            problem = f"tensor {value.name} holds {kinds.DataType.Name(tensor.elem_type)}"
            raise TargetError(spec.name, problem, "keep the stage's tensors float32 or int")
    for constant in graph.initializer:
        if constant.data_type not in allowed:
            problem = f"constant {constant.name} holds {kinds.DataType.Name(constant.data_type)}"
            raise TargetError(spec.name, problem, "keep the stage's tensors float32 or int")


def versions() -> Mapping[str, str]:
    """Of the tools that lower."""
    return {package: version(package) for package in ("torch", "onnx")}


def minimum_os(options: LoweringOptions) -> Mapping[str, str]:  # noqa: ARG001
    """Any system that Unity's engine or ONNX Runtime runs on."""
    return {}


TARGET = Target(
    name=NAME,
    summary="ONNX opset 15: Unity's inference engine, ONNX Runtime on any system and in the browser",
    suffix=".onnx",
    precisions=PRECISIONS,
    lower=lower,
    versions=versions,
    minimum_os=minimum_os,
)
