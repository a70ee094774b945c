"""Target ``executorch``: one ``.pte`` a stage, computed by XNNPACK on the processor of any device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from export.precision import StagePlan
from export.targets.base import Lowered, LoweringOptions, Target
from export.targets.quiet import quiet
from export.targets.rewrites import rewrite
from export.targets.rewrites.layer_norm import LAYER_NORM_TO_LINEAR
from export.targets.rewrites.operator_forms import apply_forms
from export.targets.rewrites.parametrisation import FOLD_PARAMETRISATIONS
from runtime_bindings.python.dependency import require
from runtime_bindings.python.executorch_executor import METHOD, NAMES_METHOD, tensor_names
from sdk.stage import Stage

NAME = "executorch"
PRECISIONS = ("fp32",)
REWRITES = (FOLD_PARAMETRISATIONS, LAYER_NORM_TO_LINEAR)


def lower(stage: Stage, plan: StagePlan, destination: Path, options: LoweringOptions) -> Lowered:  # noqa: ARG001
    """Write `stage` to `destination` as an ExecuTorch program with the methods ``forward`` and ``tensor_names``.

    Raises:
        MissingDependencyError: the ``executorch`` wheel is not installed.
    """
    with quiet():
        exir = require("executorch.exir", NAME)
        xnnpack = require("executorch.backends.xnnpack.partition.xnnpack_partitioner", NAME)
        ready, rewrites = rewrite(stage, REWRITES)
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


def versions() -> Mapping[str, str]:
    """Of the tools that lower."""
    return {package: version(package) for package in ("torch", "executorch")}


def minimum_os(options: LoweringOptions) -> Mapping[str, str]:  # noqa: ARG001
    """Of ExecuTorch's published packages: platforms of its Package.swift, minSdk 23 of its Android build.gradle."""
    return {"Android": "6.0", "iOS": "17.0", "macOS": "12.0"}


TARGET = Target(
    name=NAME,
    summary="ExecuTorch .pte, XNNPACK on the processor: Android, iOS, Linux, macOS, Windows",
    suffix=".pte",
    precisions=PRECISIONS,
    lower=lower,
    versions=versions,
    minimum_os=minimum_os,
)
