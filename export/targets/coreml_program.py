"""Core ML: one ``.mlpackage`` (an ML Program) a stage.

Inputs, outputs and state are fp32 in every precision. The precision says what the operations compute in; those with
quantised layers compute in fp16 from weights that the device restores.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from export.precision import Arithmetic, Base, StagePlan
from export.targets.base import Lowered, LoweringOptions, Target
from export.targets.coreml_graph import cannot_convert, export_graph
from export.targets.coreml_layers import FORMS, OLDEST, REFUSALS, check_system, compress_layers
from export.targets.coreml_layers import PRECISIONS as QUANTISED
from export.targets.coreml_outputs import put_back_copies, take_out_copies
from export.targets.coreml_precision import computes_in_half
from export.targets.coreml_systems import deployment_target, minimum_os
from export.targets.versions import tool_versions
from runtime_bindings.python.coreml_tools import coremltools
from sdk.spec import StageSpec
from sdk.stage import Stage

NAME = "coreml"
PRECISIONS = ("fp16", "fp32", *QUANTISED)


def lower(stage: Stage, plan: StagePlan, destination: Path, options: LoweringOptions) -> Lowered:
    """Convert `stage` to an ML Program and write the folder `destination`.

    Raises:
        UsageError: `options.min_deployment_target` is no system that runs ML Programs, or lacks a form of `plan`.
        TargetError: coremltools cannot convert the stage.
        MissingDependencyError: coremltools is not installed.
    """
    spec = stage.spec
    with coremltools() as ct:
        target = deployment_target(ct, options)
        check_system(plan, options)
        exported, rewrites = export_graph(stage)
        inputs = [tensor.name for tensor in spec.graph_inputs]
        copies = take_out_copies(exported, inputs, spec.graph_output_names)
        computed = [name for name in spec.graph_output_names if name not in copies]
        try:
            model = ct.convert(
                exported,
                convert_to="mlprogram",
                minimum_deployment_target=target,
                compute_precision=_compute_precision(ct, plan.base),
                inputs=[ct.TensorType(name=t.name, shape=t.shape, dtype=np.float32) for t in spec.graph_inputs],
                outputs=[ct.TensorType(name=name, dtype=np.float32) for name in computed],
                skip_model_load=True,
            )
        except Exception as error:  # its passes raise whatever they meet
            raise cannot_convert(stage, error) from error
        model = compress_layers(model, stage, exported, plan)
        _write(ct, model, copies, spec, destination)
    return Lowered(rewrites=rewrites)


def _compute_precision(ct: Any, base: Base) -> Any:
    if base == "fp32":
        return ct.precision.FLOAT32
    return ct.transform.FP16ComputePrecision(op_selector=computes_in_half)


def _write(ct: Any, model: Any, copies: dict[str, str], spec: StageSpec, destination: Path) -> None:
    program = model.get_spec()
    put_back_copies(program, copies, spec.graph_output_names)
    program.description.metadata.shortDescription = f"nowface stage {spec.name}"
    ct.models.MLModel(program, weights_dir=model.weights_dir, skip_model_load=True).save(str(destination))


TARGET = Target(
    name=NAME,
    summary="Core ML ML Program for Apple systems; fp16 or fp32 arithmetic, weights down to 4 bits, fp32 state",
    suffix=".mlpackage",
    precisions=PRECISIONS,
    default_precisions=2,
    lower=lower,
    versions=lambda: tool_versions("coremltools", "torch"),
    minimum_os=minimum_os,
    forms=FORMS,
    oldest=OLDEST,
    quantised_base="fp16",
    arithmetic=Arithmetic(integer_inputs=False),
    refusals=REFUSALS,
)
