"""Constants that are no layer's weights, in fewer bits than 32.

Half precision is storage: the runtime casts it once, when it folds constants at load. ONNX Runtime has no arithmetic in
half precision on x86 processors and would cast around every operator in every step, so the file has half the size and
the arithmetic stays that of fp32.

Rows that a stage looks up by number, such as those of categories, can have 8 bits and a scale each: only the rows that
a step reads are multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from export.precision import in_base
from export.targets.onnx_names import UNNAMED
from export.targets.onnx_weights import Floats, channels_8
from sdk.errors import TargetError

LEAST_HALVES = 256
"""Numbers in a table below which the cast takes as much of the file as it saves."""

LEAST_ROWS = 65_536
"""Numbers in a table of rows below which four more operators a reading are not worth its quarter."""


def halved(name: str, values: Floats) -> NDArray[np.float16]:
    """`values` in half precision.

    Raises:
        TargetError: one does not fit.
    """
    with np.errstate(over="ignore"):
        stored = values.astype(np.float16)
    if not np.isfinite(stored).all():
        problem = f"values up to {np.abs(values).max():.3g} do not fit half precision, which ends at 65504"
        raise TargetError(name, problem, "give its module full_precision = True, or use fp32")
    return stored


def store_tables(onnx: Any, model: Any, stage: nn.Module, *, rows: bool) -> None:
    """Shorten, in place, what of `stage`'s parameters and buffers stands in `model`, save in modules that ask for full
    precision.

    Args:
        onnx: the module.
        model: changed.
        stage: it was traced from.
        rows: whether tables that are only read by row have 8 bits; otherwise they have 16 like all others.

    Raises:
        TargetError: a number does not fit half precision.
    """
    tables = _tables(stage)
    for table in list(model.graph.initializer):
        floats = table.data_type == onnx.TensorProto.FLOAT
        if not floats or np.prod(table.dims) < LEAST_HALVES or not _is_one(onnx, table, tables):
            continue
        readers = [node for node in model.graph.node if table.name in node.input]
        by_row = all(node.op_type == "Gather" and _axis(node) == 0 and node.input[0] == table.name for node in readers)
        if rows and by_row and len(table.dims) == 2 and np.prod(table.dims) >= LEAST_ROWS:
            _store_rows(onnx, model, table)
        else:
            _store_halves(onnx, model, table)


def _axis(gather: Any) -> int:
    return next((attribute.i for attribute in gather.attribute if attribute.name == "axis"), 0)


def _store_halves(onnx: Any, model: Any, table: Any) -> None:
    values, name = onnx.numpy_helper.to_array(table), table.name
    table.CopyFrom(onnx.numpy_helper.from_array(halved(name, values), f"{name}.half"))
    model.graph.node.insert(0, onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))


def _store_rows(onnx: Any, model: Any, table: Any) -> None:
    name, held = table.name, channels_8(onnx.numpy_helper.to_array(table))
    table.CopyFrom(onnx.numpy_helper.from_array(held.codes, f"{name}.codes"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(held.scale[:, None], f"{name}.scale"))
    nodes: list[Any] = []
    for node in model.graph.node:
        if name not in node.input:
            nodes.append(node)
            continue
        (_, index), (row,) = node.input, node.output
        make = onnx.helper.make_node
        nodes += [
            make("Gather", [f"{name}.codes", index], [f"{row}.codes"]),
            make("Gather", [f"{name}.scale", index], [f"{row}.scale"]),
            make("Cast", [f"{row}.codes"], [f"{row}.real"], to=onnx.TensorProto.FLOAT),
            make("Mul", [f"{row}.real", f"{row}.scale"], [row]),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _tables(stage: nn.Module) -> dict[str, Floats]:
    return {
        f"{name}.{table}" if name else table: values.detach().numpy()
        for name, module in in_base(stage)
        for table, values in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
    }


def _is_one(onnx: Any, constant: Any, tables: Mapping[str, Floats]) -> bool:
    """By its name; or by its values, where PyTorch's exporter has turned the factor of a product and renamed it."""
    if not constant.name.startswith(UNNAMED) or len(constant.dims) != 2:
        return constant.name in tables
    turned = onnx.numpy_helper.to_array(constant).T
    return any(np.array_equal(turned, table) for table in tables.values())
