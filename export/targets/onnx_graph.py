"""Target ``onnx``: one ``.onnx`` a stage. In fp32 Unity's inference engine and ONNX Runtime both take it; in the other
precisions it is for ONNX Runtime alone, since Unity's engine has no operator on integers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.precision import FP32, Arithmetic, Form, FormSupport, StagePlan, quantisable
from export.targets.base import Lowered, LoweringOptions, Target
from export.targets.onnx_layers import LayerForm, fill_layers
from export.targets.onnx_names import shorten
from export.targets.onnx_static import record_ranges
from export.targets.onnx_tables import store_tables
from export.targets.onnx_trace import MEND, OPSET, trace
from export.targets.rewrites import rewrite
from export.targets.rewrites.parametrisation import FOLD_PARAMETRISATIONS
from export.targets.versions import tool_versions
from runtime_bindings.python.dependency import require
from sdk.errors import TargetError
from sdk.spec import StageSpec
from sdk.stage import Stage

NAME = "onnx"
PRECISIONS = ("fp32", "fp16", "int8", "int8-static", "int4", "mixed")
REWRITES = (FOLD_PARAMETRISATIONS,)
UNITY_OPERATORS = Path(__file__).with_name("unity_operators.json")
MAX_RANK = 8
"""Unity's engine takes no tensor of more dimensions (its manual, "Supported models")."""

FORMS: Mapping[Form, FormSupport] = {
    "int8": FormSupport(least_weights=8_192),
    "int8-static": FormSupport(least_weights=32_768),
    "int4": FormSupport(least_weights=8_192),
}
"""A layer's inputs must be scaled before its product, which small layers do not earn back. Measured with ONNX Runtime
1.32 on one core of an AMD EPYC with AVX-512 VNNI, microseconds of one row through a square layer, median of interleaved
runs, call from Python included:

==== ===== ==== =========== ====
side  fp32 int8 int8-static int4
==== ===== ==== =========== ====
  64   4.1  4.5         4.7  4.6
 128   4.3  4.7         4.8  4.7
 176   4.8  4.9         4.9  5.0
 256   6.1  5.4         5.6  5.4
 512  14.3  8.5         8.5  7.7
1024  47.4 19.3        19.1 16.9
2048 299.5 94.2        95.7 75.5
==== ===== ==== =========== ====

Layers that share an input scale it once, so whole stages break even earlier than single layers. With these limits no
stage that the models run at every frame is slower than in fp32: the default's `motion_decoder`, which comes closest,
takes 0.98, 0.99 and 0.94 of fp32 in int8, int8-static and int4."""


def lower(stage: Stage, plan: StagePlan, destination: Path, options: LoweringOptions) -> Lowered:  # noqa: ARG001
    """Write `stage` to `destination` as a graph with static shapes and the spec's tensor names.

    Raises:
        MissingDependencyError: ``onnx`` is not installed.
        TargetError: the stage is no valid graph; Unity's engine cannot take it (fp32); a weight does not fit half
            precision (fp16); there is no recording (``int8-static``).
    """
    onnx = require("onnx", NAME)
    ready, rewrites = rewrite(stage, REWRITES)
    spec, layers = stage.spec, quantisable(ready)
    forms: dict[str, LayerForm] = dict.fromkeys(layers, "fp16") if plan.base == "fp16" else {}
    forms |= plan.layers
    fixed = [name for name, form in plan.layers.items() if form == "int8-static"]
    ranges = record_ranges(ready, fixed, plan.recording)
    model = trace(onnx, ready, forms)
    fill_layers(onnx, model, layers, forms, ranges)
    if plan.base == "fp16":
        store_tables(onnx, model, ready, rows=bool(plan.layers))
    shorten(onnx, model)
    if plan == FP32:
        check_for_unity(onnx, model, spec)
    else:
        check(onnx, model, spec)
    destination.write_bytes(model.SerializeToString(deterministic=True))
    return Lowered(rewrites=rewrites)


def check(onnx: Any, model: Any, spec: StageSpec) -> Any:
    """Prove that `model` is valid ONNX; its copy with all shapes inferred.

    Raises:
        TargetError: it is not.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
        return onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        line = str(error).strip().partition("\n")[0]
        raise TargetError(spec.name, f"is not a valid ONNX graph ({line})", MEND) from error


def check_for_unity(onnx: Any, model: Any, spec: StageSpec) -> None:
    """Prove that `model` is valid ONNX and within what Unity's engine takes.

    Raises:
        TargetError: it is not; the error names the operator or tensor.
    """
    inferred = check(onnx, model, spec)
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


def minimum_os(options: LoweringOptions) -> Mapping[str, str]:  # noqa: ARG001
    """Any system that Unity's engine or ONNX Runtime runs on."""
    return {}


TARGET = Target(
    name=NAME,
    summary="ONNX opset 15: ONNX Runtime on any system and in the browser; in fp32 also Unity's inference engine",
    suffix=".onnx",
    precisions=PRECISIONS,
    lower=lower,
    versions=lambda: tool_versions("torch", "onnx"),
    minimum_os=minimum_os,
    forms=FORMS,
    quantised_base="fp16",
    arithmetic=Arithmetic(row_scales=False, paired_codes=True),
)
