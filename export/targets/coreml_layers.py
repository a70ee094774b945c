"""Layers of an ML Program in the forms that Core ML stores: weights in few bits, arithmetic in floating point.

The layers are found in the converted program by their values, because the converter names and shapes a weight after the
operations it ended in. So constants that are no layer's, such as the spectrum's transform, are never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.export import ExportedProgram

from export.precision import GROUP, Form, FormSupport, StagePlan, quantisable
from export.targets.base import LoweringOptions, Refusal
from export.targets.coreml_palette import palette
from sdk.errors import TargetError
from sdk.stage import Stage

LEAST_WEIGHTS = 2048
"""Below it a layer's scales, tables and descriptions cost more than its weights do (coremltools' own threshold)."""

FORMS: Mapping[Form, FormSupport] = {
    "int8": FormSupport(LEAST_WEIGHTS),
    "int4": FormSupport(LEAST_WEIGHTS, multiple=GROUP, otherwise="int8"),
    "palette6": FormSupport(LEAST_WEIGHTS),
    "palette4": FormSupport(LEAST_WEIGHTS),
}
PRECISIONS = (*FORMS, "mixed")
REFUSALS = {"int8-static": Refusal("inputs' scales for it can be fixed on a Mac only", "int8")}

OLDEST: Mapping[Form, str] = {"int8": "iOS16", "palette6": "iOS16", "palette4": "iOS16", "int4": "iOS18"}
"""Form -> first system with its operation (coremltools' opset of ``constexpr_...``)."""

BITS = {"palette6": 6, "palette4": 4}


def check_system(plan: StagePlan, options: LoweringOptions, oldest: Mapping[Form, str] = OLDEST) -> None:
    """Refuse forms that are newer than the oldest system asked for.

    Args:
        oldest: form -> first system that has it.

    Raises:
        TargetError: `options.min_deployment_target` lacks one of the plan's forms.
    """
    for form in sorted(set(plan.layers.values())):
        if options.older_than(oldest[form]):
            raise TargetError(
                f"--min-deployment-target {options.min_deployment_target}",
                f"weights in {form} came with {oldest[form]}",
                f"ask for {oldest[form]} or newer, or for another precision",
            )


def compress_layers(model: Any, stage: Stage, exported: ExportedProgram, plan: StagePlan) -> Any:
    """`model` with the layers that `plan` names in their forms.

    Args:
        model: converted from `exported`, not compressed.
        stage: the source of both.
        exported: tells which layers the program uses.

    Raises:
        TargetError: a layer's weights are not in the program, or coremltools left one as it was.
    """
    from coremltools.optimize import coreml

    if not plan.layers:
        return model
    constants = _constants(model)
    layers = quantisable(stage)
    used = _used(exported)
    linear: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    for name, form in plan.layers.items():
        weight = layers[name].weight
        if not any(weight is each or weight.data_ptr() == each.data_ptr() for each in used):
            continue
        found = _named_like(weight, constants)
        if not found:
            raise TargetError(f"layer {name} of stage {stage.name}", "its weights are not in the program", _MEND)
        (linear if form in _LINEAR else tables).update(dict.fromkeys(found, _configuration(coreml, form)))
    if linear:
        model = coreml.linear_quantize_weights(model, coreml.OptimizationConfig(op_name_configs=linear))
    if tables:
        model = coreml.palettize_weights(model, coreml.OptimizationConfig(op_name_configs=tables))
    left = {*linear, *tables} & set(_constants(model))
    if left:
        raise TargetError(f"stage {stage.name}", f"coremltools did not compress {', '.join(sorted(left))}", _MEND)
    return model


_MEND = "write that layer in another form"


def _used(exported: ExportedProgram) -> list[Tensor]:
    """Parameters that the program reads."""
    read = {node.name for node in exported.graph.nodes if node.op == "placeholder" and node.users}
    parameters = exported.graph_signature.inputs_to_parameters
    return [exported.state_dict[name] for placeholder, name in parameters.items() if placeholder in read]


def _constants(model: Any) -> dict[str, NDArray[Any]]:
    """The arrays that a model holds as they are, by name."""
    from coremltools.converters.mil.frontend.milproto.load import load

    spec = model.get_spec()
    function = load(spec, spec.specificationVersion, model.weights_dir).functions["main"]
    constants = {str(op.name): op.outputs[0].val for op in function.operations if op.op_type == "const"}
    return {name: value for name, value in constants.items() if isinstance(value, np.ndarray)}


def _named_like(weight: Tensor, constants: Mapping[str, NDArray[Any]]) -> list[str]:
    """Names of the constants that hold `weight`, as it is, turned, or with further axes of one."""
    array = weight.detach().numpy()

    def same(constant: NDArray[Any]) -> bool:
        if constant.size != array.size:
            return False
        flat = constant.squeeze()
        wanted = array.astype(constant.dtype).squeeze()
        return any(flat.shape == form.shape and np.array_equal(flat, form) for form in (wanted, wanted.T))

    return [name for name, constant in constants.items() if same(constant)]


_LINEAR = ("int8", "int4")


def _configuration(coreml: Any, form: Form) -> Any:
    if form in _LINEAR:
        granularity: dict[str, Any] = {"granularity": "per_channel"}
        if form == "int4":
            granularity = {"granularity": "per_block", "block_size": GROUP}
        return coreml.OpLinearQuantizerConfig(mode="linear_symmetric", dtype=form, weight_threshold=0, **granularity)
    function: Callable[[NDArray[Any]], Any] = partial(palette, bits=BITS[form])
    return coreml.OpPalettizerConfig(mode="custom", lut_function=function, weight_threshold=0)
