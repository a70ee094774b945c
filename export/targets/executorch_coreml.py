"""Target ``executorch-coreml``: one ``.pte`` a stage, computed by Core ML through ExecuTorch's delegate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from export.precision import Base, StagePlan
from export.targets.base import Lowered, LoweringOptions, Target
from export.targets.coreml_graph import cannot_convert, export_graph
from export.targets.coreml_precision import asks_full_precision, half_pass_names
from export.targets.coreml_systems import deployment_target, minimum_os, tool_versions
from export.targets.executorch_xnnpack import undelegated
from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.dependency import require
from runtime_bindings.python.executorch_executor import METHOD, NAMES_METHOD, tensor_names
from sdk.stage import Stage

NAME = "executorch-coreml"
PRECISIONS = ("fp16", "fp32")


def lower(stage: Stage, plan: StagePlan, destination: Path, options: LoweringOptions) -> Lowered:
    """Write `stage` to `destination` as an ExecuTorch program with the methods ``forward`` and ``tensor_names``.

    Raises:
        UsageError: `options.min_deployment_target` is no system that runs ML Programs.
        TargetError: coremltools cannot convert the stage.
        MissingDependencyError: executorch or coremltools is not installed.
    """
    with coremltools() as ct, torch.no_grad():
        exir = require("executorch.exir", "executorch")
        coreml = require("executorch.backends.apple.coreml.partition", "executorch")
        specs = _compile_specs(ct, stage, plan.base, options)
        program, rewrites = export_graph(stage)
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
    summary="ExecuTorch .pte with the Core ML delegate for Apple systems; fp16 or fp32 arithmetic",
    suffix=".pte",
    precisions=PRECISIONS,
    lower=lower,
    versions=lambda: tool_versions("coremltools", "executorch", "torch"),
    minimum_os=minimum_os,
)
