"""Target ``executorch-coreml``: one ``.pte`` a stage, computed by Core ML through ExecuTorch's delegate."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from export.precision import GROUP, Arithmetic, Base, Form, FormSupport, StagePlan
from export.targets.base import Lowered, LoweringOptions, Refusal, Target
from export.targets.coreml_graph import cannot_convert, export_graph
from export.targets.coreml_layers import FORMS as COREML_FORMS
from export.targets.coreml_layers import REFUSALS as COREML_REFUSALS
from export.targets.coreml_layers import check_system
from export.targets.coreml_precision import asks_full_precision, half_pass_names
from export.targets.coreml_systems import deployment_target, minimum_os
from export.targets.executorch_layers import WEIGHTS
from export.targets.executorch_xnnpack import undelegated
from export.targets.quiet import quiet
from export.targets.versions import tool_versions
from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.dependency import require
from runtime_bindings.python.executorch_executor import METHOD, NAMES_METHOD, tensor_names
from sdk.stage import Stage

NAME = "executorch-coreml"
PRECISIONS = ("fp16", "fp32", "int8", "int4", "mixed")
FORMS: Mapping[Form, FormSupport] = {form: COREML_FORMS[form] for form in ("int8", "int4")}
REFUSALS = {
    **COREML_REFUSALS,
    "palette6": Refusal("the delegate is given no tables of weights", "int8"),
    "palette4": Refusal("the delegate is given no tables of weights", "int4"),
}
OLDEST: Mapping[Form, str] = dict.fromkeys(FORMS, "iOS18")
"""The delegate has one operation for all quantised weights, of iOS 18."""


def lower(stage: Stage, plan: StagePlan, destination: Path, options: LoweringOptions) -> Lowered:
    """Write `stage` to `destination` as an ExecuTorch program with the methods ``forward`` and ``tensor_names``.

    Raises:
        UsageError: `options.min_deployment_target` is no system that runs ML Programs, or lacks a form of `plan`.
        TargetError: coremltools cannot convert the stage.
        MissingDependencyError: executorch or coremltools is not installed.
    """
    with coremltools() as ct, torch.no_grad():
        exir = require("executorch.exir", "executorch")
        coreml = require("executorch.backends.apple.coreml.partition", "executorch")
        specs = _compile_specs(ct, stage, plan.base, options)
        check_system(plan, options, OLDEST)
        program, rewrites = export_graph(_quantised(stage, plan))
        try:
            edge = exir.to_edge_transform_and_lower(
                {METHOD: program},
                partitioner={METHOD: [coreml.CoreMLPartitioner(compile_specs=specs)]},
                constant_methods={NAMES_METHOD: tensor_names(stage.spec)},
            )
        except Exception as error:  # its passes raise whatever they meet
            raise cannot_convert(stage, error) from error
        left = undelegated(edge.exported_program(METHOD))  # before the next line gives the operators other forms
        destination.write_bytes(edge.to_executorch().buffer)
        return Lowered(undelegated=left, rewrites=rewrites)


def _quantised(stage: Stage, plan: StagePlan) -> Stage:
    """A copy of `stage` with the layers of `plan` as integers and scales, which the delegate stores as they are."""
    if not plan.layers:
        return stage
    ready = copy.deepcopy(stage)
    with quiet():
        quantization = require("torchao.quantization", "executorch")
        granularity = require("torchao.quantization.granularity", "executorch")
        each_of = {"int8": granularity.PerAxis(0), "int4": granularity.PerGroup(GROUP)}
        for form in dict.fromkeys(plan.layers.values()):
            named = {name for name, chosen in plan.layers.items() if chosen == form}
            configuration = quantization.IntxWeightOnlyConfig(weight_dtype=WEIGHTS[form], granularity=each_of[form])
            quantization.quantize_(ready, configuration, lambda _, name, named=named: name in named)
    return ready


def _compile_specs(ct: Any, stage: Stage, base: Base, options: LoweringOptions) -> list[Any]:
    backend = require("executorch.backends.apple.coreml.compiler", "executorch").CoreMLBackend
    # The delegate offers fp16 for all operations or none. Where some stay fp32 it is told fp32, which leaves the fp16
    # cast of coremltools out, and our pass that casts the others is named in its place.
    mixed = base == "fp16" and asks_full_precision(stage)
    whole = ct.precision.FLOAT16 if base == "fp16" and not mixed else ct.precision.FLOAT32
    specs: list[Any] = backend.generate_compile_specs(
        minimum_deployment_target=deployment_target(ct, options),
        compute_precision=whole,
        pass_names=half_pass_names(ct) if mixed else None,
    )
    return specs


TARGET = Target(
    name=NAME,
    summary="ExecuTorch .pte with the Core ML delegate: fp16 or fp32 arithmetic, weights down to 4 bits",
    suffix=".pte",
    precisions=PRECISIONS,
    lower=lower,
    versions=lambda: tool_versions("coremltools", "executorch", "torch"),
    minimum_os=minimum_os,
    forms=FORMS,
    oldest=OLDEST,
    quantised_base="fp16",
    arithmetic=Arithmetic(integer_inputs=False),
    refusals=REFUSALS,
)
