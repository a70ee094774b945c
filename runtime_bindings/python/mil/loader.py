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

DTYPES = {"fp16": "float16", "fp32": "float32"}
"""Names of types in the format -> in numpy, where they differ."""


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
        program = translate(loaded.functions["main"], stage)
    program.dry_run()
    return program


def translate(function: Any, stage: str) -> Program:
    """The program of a function of coremltools' own form (``pymil``).

    Args:
        function: a ``coremltools.converters.mil.mil.Function``.
        stage: name for error messages.

    Raises:
        TargetError: an operation or setting that no kernel covers.
    """
    constants = _Constants(stage)
    instructions = [
        _instruction(operation, constants, stage) for operation in function.operations if not _is_constant(operation)
    ]
    fixed = {str(var.name): constants.of(var) for var in function.outputs if _is_constant(var.op)}
    inputs = {str(name): var for name, var in function.inputs.items()}
    states = {name: var for name, var in inputs.items() if _wrapped(var) is not var.sym_type}
    return Program(
        inputs=tuple(_value(name, var) for name, var in inputs.items() if name not in states),
        outputs=tuple(_value(str(var.name), var) for var in function.outputs),
        states=tuple(_value(name, var) for name, var in states.items()),
        instructions=tuple(instructions),
        constants=fixed,
    )


def _is_constant(operation: Any) -> bool:
    """Whether the file fixes what `operation` gives; None stands for an input."""
    return operation is not None and (operation.op_type == "const" or operation.op_type.startswith("constexpr_"))


class _Constants:
    """The constants of a file as tensors, each made once; compressed ones by our kernels, as a device would."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._made: dict[str, Tensor] = {}

    def of(self, var: Any) -> Tensor:
        if var.name not in self._made:
            if var.op.op_type == "const":
                self._made[var.name] = _tensor(var.val)
            else:
                values: dict[str, Tensor] = {}
                _instruction(var.op, self, self._stage).run(values)
                self._made |= values
        return self._made[var.name]


def _tensor(value: Any) -> Tensor:
    array = np.asarray(value)
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    elif array.dtype.kind in "iu":
        array = array.astype(np.int32)
    return torch.from_numpy(np.array(array))


def _instruction(operation: Any, constants: _Constants, stage: str) -> Instruction:
    kernel = KERNELS.get(operation.op_type)
    if kernel is None:
        raise _cannot_hold(stage, operation, "no kernel for this operation")

    def argument(var: Any) -> Tensor | str:
        return constants.of(var) if _is_constant(var.op) else str(var.name)

    tensors: dict[str, Argument] = {}
    settings: dict[str, Any] = {}
    late: dict[str, str] = {}
    for name, given in operation.inputs.items():
        if given is None or name in kernel.ignored:
            continue
        if name in kernel.tensors:
            tensors[name] = tuple(argument(v) for v in given) if isinstance(given, Sequence) else argument(given)
        elif name not in kernel.settings:
            raise _cannot_hold(stage, operation, f"no kernel for parameter {name}")
        elif given.op is None or given.op.op_type != "const":
            late[name] = str(given.name)
        else:
            settings[name] = given.val.tolist() if isinstance(given.val, np.ndarray | np.generic) else given.val
    outputs = [_value(str(var.name), var) for var in operation.outputs]
    if operation.op_type == "coreml_update_state":
        outputs.append(_value(str(operation.state.name), operation.state))
    return Instruction(
        operation=operation.op_type,
        name=operation.name,
        kernel=kernel,
        tensors=tensors,
        settings=settings,
        late=late,
        outputs=tuple(outputs),
    )


def _cannot_hold(stage: str, operation: Any, problem: str) -> TargetError:
    return TargetError(f"stage {stage}", f"{operation.op_type} {operation.name}: {problem}", "run it on a Mac instead")


def _wrapped(var: Any) -> Any:
    """The type of a value, or of what a state holds."""
    from coremltools.converters.mil.mil import types

    return var.sym_type.wrapped_type() if types.is_state(var.sym_type) else var.sym_type


def _value(name: str, var: Any) -> Value:
    from coremltools.converters.mil.mil import types

    kind = _wrapped(var)
    tensor = types.is_tensor(kind)
    dtype = types.builtin_to_string(kind.get_primitive() if tensor else kind)
    return Value(
        name=name, shape=tuple(int(size) for size in kind.get_shape()) if tensor else (), dtype=DTYPES.get(dtype, dtype)
    )
