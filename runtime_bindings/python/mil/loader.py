"""Read an ``.mlpackage`` from disk into a `Program`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.mil.kernels import KERNELS
from runtime_bindings.python.mil.program import Argument, Instruction, Program, Value
from runtime_bindings.python.signature import MEND
from sdk.errors import TargetError


def load_program(package: Path, stage: str) -> Program:
    """Load the main function of `package` and try it once on zeros.

    Args:
        package: an ``.mlpackage`` folder that holds an ML Program.
        stage: name for error messages.

    Raises:
        MissingDependencyError: coremltools is not installed.
        TargetError: not an ML Program, or an operation or setting that no kernel covers.
    """
    with coremltools() as ct:
        from coremltools.converters.mil.frontend.milproto.load import load

        try:
            spec = ct.utils.load_spec(str(package))
            weights = package / "Data" / "com.apple.CoreML" / "weights"
            loaded = load(spec, spec.specificationVersion, str(weights))
        except Exception as error:  # its parsers raise whatever they meet
            raise TargetError(package, f"not a readable ML Program ({error})", MEND) from error
        program = _translate(loaded.functions["main"], stage)
    program.dry_run()
    return program


def _translate(function: Any, stage: str) -> Program:
    constants: dict[str, Tensor] = {}
    instructions: list[Instruction] = []
    for operation in function.operations:
        if operation.op_type == "const" or operation.op_type.startswith("constexpr_"):
            continue
        instructions.append(_instruction(operation, stage))
    for output in function.outputs:
        if output.val is not None:
            constants[output.name] = _constant(output)
    return Program(
        inputs=tuple(_value(var) for var in function.inputs.values()),
        outputs=tuple(_value(var) for var in function.outputs),
        instructions=tuple(instructions),
        constants=constants,
    )


def _instruction(operation: Any, stage: str) -> Instruction:
    kernel = KERNELS.get(operation.op_type)
    if kernel is None:
        raise _cannot_hold(stage, operation, "no kernel for this operation")
    tensors: dict[str, Argument] = {}
    settings: dict[str, Any] = {}
    for name, given in operation.inputs.items():
        if given is None:
            continue
        if name in kernel.tensors:
            tensors[name] = tuple(_argument(v) for v in given) if isinstance(given, Sequence) else _argument(given)
        elif name in kernel.settings and given.val is not None:
            settings[name] = given.val.tolist() if isinstance(given.val, np.ndarray | np.generic) else given.val
        else:
            raise _cannot_hold(stage, operation, f"no kernel for parameter {name}")
    return Instruction(
        operation=operation.op_type,
        name=operation.name,
        kernel=kernel,
        tensors=tensors,
        settings=settings,
        outputs=tuple(_value(var) for var in operation.outputs),
    )


def _cannot_hold(stage: str, operation: Any, problem: str) -> TargetError:
    return TargetError(f"stage {stage}", f"{operation.op_type} {operation.name}: {problem}", "run it on a Mac instead")


def _argument(var: Any) -> Tensor | str:
    return str(var.name) if _constant_array(var) is None else _constant(var)


def _constant_array(var: Any) -> Any:
    """The array of a constant; None for a value that is computed at run time."""
    if var.op is not None and var.op.op_type.startswith("constexpr_"):
        return var.op.materialized_val_inference()
    return var.val


def _constant(var: Any) -> Tensor:
    array = np.asarray(_constant_array(var))
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    elif array.dtype.kind in "iu":
        array = array.astype(np.int32)
    return torch.from_numpy(np.array(array))


def _value(var: Any) -> Value:
    from coremltools.converters.mil.mil import types

    dtype = np.dtype(types.nptype_from_builtin(var.dtype)).name
    return Value(name=str(var.name), shape=tuple(int(size) for size in var.shape), dtype=dtype)
