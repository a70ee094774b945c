"""Half precision as storage: constants in 16 bits that the runtime casts once, when it folds constants at load.

ONNX Runtime has no arithmetic in half precision on x86 processors: it would cast around every operator, in every step.
So the file has half the size, and the arithmetic stays that of fp32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sdk.errors import TargetError

LEAST = 256
"""Numbers in a table below which the cast takes as much of the file as it saves."""


def halved(name: str, values: NDArray[np.float32]) -> NDArray[np.float16]:
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


def halve_tables(onnx: Any, model: Any, stage: nn.Module) -> None:
    """Store in half precision, in place, what of `stage`'s parameters and buffers stands in `model`.

    Those of modules that ask for full precision stay.

    Raises:
        TargetError: a number does not fit.
    """
    names = _tables(stage, "")
    casts = []
    for table in model.graph.initializer:
        floats = table.data_type == onnx.TensorProto.FLOAT
        if table.name not in names or not floats or np.prod(table.dims) < LEAST:
            continue
        values, wanted = onnx.numpy_helper.to_array(table), table.name
        stored = f"{wanted}.half"
        table.CopyFrom(onnx.numpy_helper.from_array(halved(wanted, values), stored))
        casts.append(onnx.helper.make_node("Cast", [stored], [wanted], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _tables(module: nn.Module, prefix: str) -> set[str]:
    if getattr(module, "full_precision", False):
        return set()
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    below = [_tables(child, f"{prefix}{name}.") for name, child in module.named_children()]
    return {prefix + name for name, _ in own}.union(*below)
