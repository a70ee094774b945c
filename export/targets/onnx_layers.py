"""Fill the open layers of a graph (`export.targets.onnx_trace`): each in its form, as ONNX Runtime runs it fastest.

=========== ==========================================================================================================
fp16        weights stored in half precision and cast once, when the runtime folds constants; arithmetic in fp32
int8        DynamicQuantizeLinear, MatMulInteger and two products, all of ONNX itself; the runtime fuses them
int8-static QuantizeLinear and DequantizeLinear around Gemm, ONNX's own form of fixed scales
int4        MatMulNBits, an operator of ONNX Runtime, which also scales the inputs at every step
=========== ==========================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from export.precision import GROUP, Form
from export.targets.onnx_static import Range
from export.targets.onnx_tables import halved
from export.targets.onnx_trace import DOMAIN, OPEN
from export.targets.onnx_weights import Floats, groups_4, paired_8

LayerForm = Form | Literal["fp16"]
MICROSOFT = "com.microsoft"
INTEGER_INPUTS = 4
"""Level of MatMulNBits that computes in 8-bit integers: 2 to 4 times as fast as level 0, which unpacks to fp32."""


@dataclass
class _Graph:
    """What replaces the nodes of a graph, as it grows.

    Attributes:
        onnx: the module.
        shapes: of the tensors whose shape the graph tells.
        nodes: in order.
        constants: by name; a layer that is called twice has them once.
        done: names of tensors that several layers share.
    """

    onnx: Any
    shapes: Mapping[str, tuple[int, ...]]
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def node(self, operator: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> str:
        """Append a node; its first output."""
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """Add a constant; its name."""
        if name not in self.constants:
            array = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
            self.constants[name] = self.onnx.numpy_helper.from_array(array, name)
        return name


@dataclass(frozen=True)
class _Layer:
    """A layer to write.

    Attributes:
        name: dotted.
        weight: (N, K).
        bias: (N,) or None.
        source: name of its input tensor.
        result: name of its output tensor.
        range: of its input, for a fixed scale.
    """

    name: str
    weight: Floats
    bias: Floats | None
    source: str
    result: str
    range: Range | None

    def biases(self, graph: _Graph) -> list[str]:
        """The bias as the list of its name, empty without one."""
        return [] if self.bias is None else [graph.constant(f"{self.name}.bias", self.bias)]


def fill_layers(
    onnx: Any,
    model: Any,
    layers: Mapping[str, nn.Linear],
    forms: Mapping[str, LayerForm],
    ranges: Mapping[str, Range],
) -> None:
    """Put in the place of every open layer of `model` its nodes, in place.

    Args:
        onnx: the module.
        model: from `export.targets.onnx_trace.trace`.
        layers: dotted name -> layer.
        forms: dotted name -> form, of exactly the open layers.
        ranges: of the layers in ``int8-static``.

    Raises:
        TargetError: a weight does not fit half precision.
    """
    graph = _Graph(onnx, _shapes(model.graph))
    for node in model.graph.node:
        if (node.domain, node.op_type) != (DOMAIN, OPEN):
            graph.nodes.append(node)
            continue
        (name,) = (attribute.s.decode() for attribute in node.attribute if attribute.name == "layer")
        module = layers[name]
        bias = None if module.bias is None else module.bias.detach().numpy()
        weight = module.weight.detach().numpy()
        WRITERS[forms[name]](graph, _Layer(name, weight, bias, node.input[0], node.output[0], ranges.get(name)))
    del model.graph.node[:]
    model.graph.node.extend(graph.nodes)
    model.graph.initializer.extend(graph.constants.values())
    _declare_domains(onnx, model)


def _shapes(graph: Any) -> dict[str, tuple[int, ...]]:
    values = [*graph.input, *graph.output, *graph.value_info]
    return {each.name: tuple(dim.dim_value for dim in each.type.tensor_type.shape.dim) for each in values}


def _declare_domains(onnx: Any, model: Any) -> None:
    kept = [entry for entry in model.opset_import if not entry.domain]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    if any(node.domain == MICROSOFT for node in model.graph.node):
        model.opset_import.append(onnx.helper.make_opsetid(MICROSOFT, 1))


def _half(graph: _Graph, layer: _Layer) -> None:
    name = graph.constant(f"{layer.name}.weight", halved(layer.name, layer.weight.T))
    cast = f"{layer.name}.weight_cast"
    if cast not in graph.done:
        graph.done.add(cast)
        graph.node("Cast", [name], [cast], to=graph.onnx.TensorProto.FLOAT)
    biases = layer.biases(graph)
    # Gemm adds the bias itself, but takes matrices only.
    if biases and len(graph.shapes[layer.result]) == 2:
        graph.node("Gemm", [layer.source, cast, *biases], [layer.result])
    else:
        _with_bias(graph, layer, lambda result: graph.node("MatMul", [layer.source, cast], [result]))


def _dynamic(graph: _Graph, layer: _Layer) -> None:
    codes = paired_8(layer.weight)
    weight = graph.constant(f"{layer.name}.codes", codes.codes.T)
    scale = graph.constant(f"{layer.name}.scale", codes.scale)
    of_input = [f"{layer.source}.{part}" for part in ("int8", "int8_scale", "int8_zero")]
    if of_input[0] not in graph.done:
        graph.done.add(of_input[0])
        graph.node("DynamicQuantizeLinear", [layer.source], of_input)
    coded, input_scale, input_zero = of_input
    stem = layer.result
    whole = graph.node("MatMulInteger", [coded, weight, input_zero], [f"{stem}.int32"])
    real = graph.node("Cast", [whole], [f"{stem}.real"], to=graph.onnx.TensorProto.FLOAT)
    both = graph.node("Mul", [input_scale, scale], [f"{stem}.scale"])
    _with_bias(graph, layer, lambda result: graph.node("Mul", [real, both], [result]))


def _with_bias(graph: _Graph, layer: _Layer, write: Callable[[str], str]) -> None:
    """``write(name)`` writes the product to `name`; the bias is added if there is one."""
    if layer.bias is None:
        write(layer.result)
        return
    product = write(f"{layer.result}.product")
    graph.node("Add", [product, *layer.biases(graph)], [layer.result])


def _static(graph: _Graph, layer: _Layer) -> None:
    """Gemm, since ONNX Runtime has no kernel for a quantised MatMul with a result in floating point.

    The result is not rounded to 8 bits: between layers lie normalisations and sums in floating point, and rounding
    every result as well made the outputs of the models that ship 1.1 to 7 times as wrong.
    """
    assert layer.range is not None, layer.name
    name, stem, shape = layer.name, layer.result, graph.shapes[layer.result]
    input_scale, input_zero = layer.range
    codes = paired_8(layer.weight)
    source = layer.source
    if len(shape) != 2:
        flat = graph.constant(f"int8.flat.{layer.weight.shape[1]}", np.array([-1, layer.weight.shape[1]], np.int64))
        source = graph.node("Reshape", [source, flat], [f"{stem}.flat"])
    scaling = [graph.constant(f"{name}.input_scale", input_scale), graph.constant(f"{name}.input_zero", input_zero)]
    coded = graph.node("QuantizeLinear", [source, *scaling], [f"{stem}.int8"])
    factors = [graph.node("DequantizeLinear", [coded, *scaling], [f"{stem}.input"])]
    # Without a zero point the runtime does not fuse what follows, and is up to 12 times as slow.
    zeros = graph.constant(f"int8.zeros.{len(codes.scale)}", np.zeros(len(codes.scale), np.int8))
    stored = graph.constant(f"{name}.codes", codes.codes), graph.constant(f"{name}.scale", codes.scale)
    factors.append(graph.node("DequantizeLinear", [*stored, zeros], [f"{stem}.weight"], axis=0))
    if layer.bias is not None:
        scale = codes.scale * input_scale
        limit = np.iinfo(np.int32)
        steps = np.rint(layer.bias.astype(np.float64) / scale).clip(limit.min, limit.max).astype(np.int32)
        whole = graph.constant(f"{name}.bias_codes", steps), graph.constant(f"{name}.bias_scale", scale)
        factors.append(graph.node("DequantizeLinear", [*whole], [f"{stem}.bias"], axis=0))
    if len(shape) == 2:
        graph.node("Gemm", factors, [stem], transB=1)
    else:
        product = graph.node("Gemm", factors, [f"{stem}.rows"], transB=1)
        graph.node("Reshape", [product, graph.constant(f"{stem}.shape", np.array(shape, np.int64))], [stem])


def _grouped(graph: _Graph, layer: _Layer) -> None:
    codes = groups_4(layer.weight, GROUP)
    weight = graph.constant(f"{layer.name}.codes", codes.codes)
    scale = graph.constant(f"{layer.name}.scale", codes.scale)
    outputs, inputs = layer.weight.shape
    # Zero points and an order of groups stand between the scales and the bias; both are left out.
    biases = ["", "", *layer.biases(graph)] if layer.bias is not None else []
    graph.node(
        "MatMulNBits",
        [layer.source, weight, scale, *biases],
        [layer.result],
        domain=MICROSOFT,
        K=inputs,
        N=outputs,
        bits=4,
        block_size=GROUP,
        accuracy_level=INTEGER_INPUTS,
    )


WRITERS: Mapping[LayerForm, Callable[[_Graph, _Layer], None]] = {
    "fp16": _half,
    "int8": _dynamic,
    "int8-static": _static,
    "int4": _grouped,
}
