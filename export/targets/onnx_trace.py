"""A stage as the graph that PyTorch's tracing exporter writes, with chosen layers left open.

An open layer is one node `OPEN` that carries the layer's dotted name. Names of weights would not do to find layers
again: the exporter transposes and renames them.
"""

from __future__ import annotations

import functools
import io
import warnings
from collections.abc import Collection
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from export.targets.quiet import quiet
from sdk.errors import TargetError
from sdk.stage import Stage

OPSET = 15
"""The newest that every release of Unity's engine takes. PyTorch's newer exporter starts at 18, and ONNX's converter
cannot bring its graphs down (the axes of ReduceMean became an input in 18); the tracing one writes 15 itself."""

DOMAIN, OPEN = "nowface", "Layer"
MEND = "write the stage in other operators"


class _Open(torch.autograd.Function):
    """A linear layer that traces as one node: x (..., K), weight (N, K), bias (N,) or None -> (..., N)."""

    @staticmethod
    def forward(_: Any, x: Tensor, weight: Tensor, bias: Tensor | None, name: str) -> Tensor:  # noqa: ARG004
        return F.linear(x, weight, bias)

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any, _: Any, name: str) -> Any:
        shape = [*x.type().sizes()[:-1], weight.type().sizes()[0]]
        return graph.op(f"{DOMAIN}::{OPEN}", x, layer_s=name).setType(x.type().with_sizes(shape))


def _open_forward(layer: nn.Linear, name: str, x: Tensor) -> Tensor:
    result: Tensor = _Open.apply(x, layer.weight, layer.bias, name)  # type: ignore[no-untyped-call]
    return result


def trace(onnx: Any, stage: Stage, open_layers: Collection[str] = ()) -> Any:
    """The graph of `stage` with static shapes and the spec's tensor names, all inputs of the spec declared.

    Args:
        onnx: the module.
        stage: not used again afterwards: its open layers are changed.
        open_layers: dotted names of ``nn.Linear`` layers.

    Raises:
        TargetError: an operator cannot be written as ONNX.
    """
    for name in open_layers:
        layer = stage.get_submodule(name)
        assert isinstance(layer, nn.Linear), name
        layer.forward = functools.partial(_open_forward, layer, name)  # type: ignore[method-assign]
    spec, buffer = stage.spec, io.BytesIO()
    try:
        with quiet(), torch.no_grad(), warnings.catch_warnings():
            # Of choices by a tensor's size: a stage's sizes are fixed, and every file is run against its stage.
            warnings.simplefilter("ignore", TracerWarning)
            torch.onnx.export(
                stage,
                stage.example(),
                buffer,  # type: ignore[arg-type]  # the tracing exporter takes a file object, the newer one does not
                dynamo=False,
                opset_version=OPSET,
                custom_opsets={DOMAIN: 1} if open_layers else None,
                input_names=[tensor.name for tensor in spec.graph_inputs],
                output_names=list(spec.graph_output_names),
            )
    except torch.onnx.errors.OnnxExporterError as error:
        line = str(error).strip().partition("\n")[0]
        raise TargetError(spec.name, f"cannot be written as ONNX ({line})", MEND) from error
    model = onnx.load_model_from_string(buffer.getvalue())
    model.graph.name = spec.name
    # The exporter drops the inputs that nothing reads.
    del model.graph.input[:]
    for tensor in spec.graph_inputs:
        info = onnx.helper.make_tensor_value_info(tensor.name, onnx.TensorProto.FLOAT, tensor.shape)
        model.graph.input.append(info)
    return model
