"""Outputs of an ML Program that its converter cannot name: an input given back, or one value given twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.export import ExportedProgram

# Operations that give their argument's values; a view or slice does when the shape is the same.
_SAME_VALUES = {
    torch.ops.aten.alias.default,
    torch.ops.aten.clone.default,
    torch.ops.aten.detach.default,
    torch.ops.aten.reshape.default,
    torch.ops.aten.slice.Tensor,
    torch.ops.aten.view.default,
}


def take_out_copies(exported: ExportedProgram, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
    """Leave only outputs that some operation computes, each once.

    Args:
        exported: its outputs are cut in place.
        inputs: names of its user inputs in order.
        outputs: names of its outputs in order.

    Returns:
        Each output that was taken out -> the input or the earlier output whose value it is.
    """
    placeholders = dict(zip(exported.graph_signature.user_inputs, inputs, strict=True))
    node = exported.graph.output_node()
    made: dict[str, str] = {}
    copies: dict[str, str] = {}
    kept = []
    for index, (argument, name) in enumerate(zip(node.args[0], outputs, strict=True)):
        origin = _origin(argument).name
        source = placeholders.get(origin) or made.get(origin)
        if source:
            copies[name] = source
        else:
            made[origin] = name
            kept.append(index)
    node.args = (tuple(node.args[0][index] for index in kept),)
    specs = exported.graph_signature.output_specs
    specs[:] = [specs[index] for index in kept]
    exported.graph_module.recompile()
    return copies


def _origin(node: torch.fx.Node) -> torch.fx.Node:
    while node.target in _SAME_VALUES:
        source = node.args[0]
        assert isinstance(source, torch.fx.Node)
        if node.meta["val"].shape != source.meta["val"].shape:
            break
        node = source
    return node


def put_back_copies(spec: Any, copies: Mapping[str, str], order: Sequence[str]) -> None:
    """Give the program in `spec` an identity operation for each of `copies`, and its outputs the `order` wanted."""
    from coremltools.proto import MIL_pb2

    function = spec.mlProgram.functions["main"]
    block = function.block_specializations[function.opset]
    types = {value.name: value.type for value in function.inputs}
    types |= {value.name: value.type for operation in block.operations for value in operation.outputs}
    features = {f.name: f for f in (*spec.description.input, *spec.description.output)}
    for copy, source in copies.items():
        operation = block.operations.add(type="identity")
        operation.inputs["x"].arguments.add(name=source)
        operation.outputs.add(name=copy, type=types[source])
        title = operation.attributes["name"]
        title.type.tensorType.dataType = MIL_pb2.STRING
        title.immediateValue.tensor.strings.values.append(copy)
        feature = spec.description.output.add()
        feature.CopyFrom(features[source])
        feature.name = copy
    described = {feature.name: feature for feature in spec.description.output}
    ordered = [described[name] for name in order]
    del block.outputs[:]
    block.outputs.extend(order)
    del spec.description.output[:]
    spec.description.output.extend(ordered)
