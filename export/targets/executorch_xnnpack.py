"""Target ``executorch``: one ``.pte`` a stage, computed by XNNPACK on the processor of any device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from export.precision import GROUP, Form, FormSupport, StagePlan
from export.targets.base import Lowered, LoweringOptions, Refusal, Target
from export.targets.executorch_layers import quantise_layers
from export.targets.quiet import quiet
from export.targets.rewrites import rewrite
from export.targets.rewrites.layer_norm import LAYER_NORM_TO_LINEAR
from export.targets.rewrites.operator_forms import apply_forms
from export.targets.rewrites.parametrisation import FOLD_PARAMETRISATIONS
from export.targets.rewrites.row_table import TABLE_TO_BYTES
from export.targets.versions import tool_versions
from runtime_bindings.python.dependency import require
from runtime_bindings.python.executorch_executor import METHOD, NAMES_METHOD, tensor_names
from sdk.stage import Stage

NAME = "executorch"
PRECISIONS = ("fp32", "int8", "int4", "mixed")
LEAST_WEIGHTS = 64 * 64
"""Sixteen square layers in a row take, on one thread of a Xeon, a layer of 32 x 32 1.9 us in fp32 and 2.2 in int8,
64 x 64 2.6 and 2.3, 128 x 128 5.4 and 3.5, 256 x 256 17.8 and 7.4."""
FORMS: Mapping[Form, FormSupport] = {
    "int8": FormSupport(LEAST_WEIGHTS),
    "int4": FormSupport(LEAST_WEIGHTS, multiple=GROUP, otherwise="int8"),
}
REFUSALS = {
    "fp16": Refusal("its programs are in 32-bit floating point and in integers", "int8"),
    "int8-static": Refusal("XNNPACK cannot load a static program that slices its state", "int8"),
    "palette6": Refusal("XNNPACK has no tables of weights", "int8"),
    "palette4": Refusal("XNNPACK has no tables of weights", "int4"),
}
REWRITES = (FOLD_PARAMETRISATIONS, LAYER_NORM_TO_LINEAR)


def lower(stage: Stage, plan: StagePlan, destination: Path, options: LoweringOptions) -> Lowered:  # noqa: ARG001
    """Write `stage` to `destination` as an ExecuTorch program with the methods ``forward`` and ``tensor_names``.

    Raises:
        MissingDependencyError: the ``executorch`` wheel is not installed.
    """
    with quiet():
        exir = require("executorch.exir", NAME)
        xnnpack = require("executorch.backends.xnnpack.partition.xnnpack_partitioner", NAME)
        ready, rewrites = rewrite(stage, (*REWRITES, TABLE_TO_BYTES) if plan.layers else REWRITES)
        quantise_layers(ready, plan.layers, NAME)
        example = stage.example()
        program, forms = apply_forms(torch.export.export(ready, example, strict=False), example)
        edge = exir.to_edge_transform_and_lower(
            {METHOD: program},
            partitioner={METHOD: [xnnpack.XnnpackPartitioner()]},
            constant_methods={NAMES_METHOD: tensor_names(stage.spec)},
        )
    # Asked before to_executorch, which changes the edge program's operators to those that write in place.
    left = undelegated(edge.exported_program(METHOD))
    destination.write_bytes(edge.to_executorch().buffer)
    return Lowered(undelegated=left, rewrites=(*rewrites, *forms))


def undelegated(program: Any) -> tuple[str, ...]:
    """Operators of an edge program outside its delegates, as ``aten.cumsum.default x1``, by name."""
    targets = (node.target for node in program.graph.nodes if node.op == "call_function")
    # Calls of a delegate, and the picking of their results, are no operators and have no schema.
    schemas = (target._schema for target in targets if hasattr(target, "_schema"))
    names = Counter(f"{each.name.replace('::', '.')}.{each.overload_name or 'default'}" for each in schemas)
    return tuple(f"{name} x{count}" for name, count in sorted(names.items()))


def minimum_os(options: LoweringOptions) -> Mapping[str, str]:  # noqa: ARG001
    """Of ExecuTorch's published packages: platforms of its Package.swift, minSdk 23 of its Android build.gradle."""
    return {"Android": "6.0", "iOS": "17.0", "macOS": "12.0"}


TARGET = Target(
    name=NAME,
    summary="ExecuTorch .pte, XNNPACK on the processor: Android, iOS, Linux, macOS, Windows",
    suffix=".pte",
    precisions=PRECISIONS,
    lower=lower,
    versions=lambda: tool_versions("torch", "executorch"),
    minimum_os=minimum_os,
    forms=FORMS,
    refusals=REFUSALS,
)
