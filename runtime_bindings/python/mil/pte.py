"""Run an ExecuTorch program (``.pte``) whose work is done by the Core ML delegate.

The delegate's data is a small file system with an ``.mlpackage`` and the order of its tensors; the program's
instructions say which of its values each delegate reads and writes. Instructions that are no delegate's would run in
ExecuTorch's own kernels; the exporter's reports list them as undelegated, and this interpreter refuses them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor

from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.dependency import require
from runtime_bindings.python.mil.loader import load_program
from runtime_bindings.python.mil.program import Program
from runtime_bindings.python.signature import MEND
from sdk.errors import TargetError


@dataclass(frozen=True)
class DelegateCall:
    """One delegate: its program, and the numbers of the values it reads and writes.

    Attributes:
        inputs: (name in the program, number of the value).
        outputs: the same.
    """

    program: Program
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class PteProgram:
    """The method ``forward`` of a ``.pte``.

    Attributes:
        names: text of the constant method ``tensor_names``.
        inputs: numbers of the values that are arguments, in order.
        outputs: numbers of the values that are results, in order.
        shapes: shape of each value that is a tensor.
    """

    names: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shapes: dict[int, tuple[int, ...]]
    calls: tuple[DelegateCall, ...]

    def run(self, arguments: Sequence[Tensor]) -> list[Tensor]:
        """Results in order, from float32 arguments in order."""
        values = dict(zip(self.inputs, arguments, strict=True))
        for call in self.calls:
            results = call.program.run({name: values[number] for name, number in call.inputs})
            values.update({number: results[name] for name, number in call.outputs})
        return [values[number] for number in self.outputs]


def load_pte(path: Path, method: str, names_method: str) -> PteProgram:
    """Read `path` and restore its delegates' packages.

    Args:
        path: the ``.pte``.
        method: the method to run.
        names_method: a constant method that gives one string.

    Raises:
        MissingDependencyError: executorch or coremltools is not installed.
        TargetError: not such a program, or some of its work is not the Core ML delegate's.
    """
    with coremltools():
        serialize = require("executorch.exir._serialize._program", "executorch")
        try:
            program = serialize.deserialize_pte_binary(path.read_bytes()).program
            plans = {plan.name: plan for plan in program.execution_plan}
            plan, constant = plans[method], plans[names_method]
            names = constant.values[constant.outputs[0]].val.string_val
            blobs = [program.backend_delegate_data[d.processed.index].data for d in plan.delegates]
        except Exception as error:  # the reader raises whatever the damage leads it to
            raise TargetError(path, f"not a readable ExecuTorch program ({error})", MEND) from error
        calls = tuple(_call(path, plan, blobs, item.instr_args) for chain in plan.chains for item in chain.instructions)
    tensors = {number: item.val.sizes for number, item in enumerate(plan.values) if hasattr(item.val, "sizes")}
    return PteProgram(
        names=str(names),
        inputs=tuple(plan.inputs),
        outputs=tuple(plan.outputs),
        shapes={number: tuple(sizes) for number, sizes in tensors.items()},
        calls=calls,
    )


def _call(path: Path, plan: Any, blobs: Sequence[bytes], instruction: Any) -> DelegateCall:
    index = getattr(instruction, "delegate_index", None)
    if index is None or plan.delegates[index].id != "CoreMLBackend":
        raise TargetError(path, f"{_title(plan, instruction)} is not done by Core ML", "run it with ExecuTorch instead")
    native = require("executorch.backends.apple.coreml", "executorch").executorchcoreml
    with TemporaryDirectory() as folder:
        if not native.unflatten_directory_contents(blobs[index], folder):
            raise TargetError(path, "the Core ML delegate's data is damaged", MEND)
        root = Path(folder) / "lowered_module"
        order = json.loads((root / "metadata.json").read_text())
        program = load_program(root / "model.mlpackage", path.name)
    count = len(order["inputNames"])
    arguments = instruction.args
    return DelegateCall(
        program=program,
        inputs=tuple(zip(order["inputNames"], arguments[:count], strict=True)),
        outputs=tuple(zip(order["outputNames"], arguments[count:], strict=True)),
    )


def _title(plan: Any, instruction: Any) -> str:
    number = getattr(instruction, "op_index", None)
    return type(instruction).__name__ if number is None else f"operator {plan.operators[number].name}"
