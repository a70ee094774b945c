"""A loaded ML Program and how it runs: one kernel an operation, every fp16 value rounded to fp16.

Most programs are pure. One that was converted from a module with buffers it changes has states (iOS 18): named tensors
that live outside the program, which `read_state` reads and `coreml_update_state` replaces. `Program.start` makes them;
`StatefulProgram` keeps one set of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel
from sdk.errors import TargetError

Argument = Tensor | str | tuple[Tensor | str, ...]
"""A constant, the name of a value, or several of these."""


def round_to_half(value: Tensor) -> Tensor:
    """The nearest fp16 values, held as fp32; beyond 65504 (and its rounding) infinity, as in the hardware."""
    return value.half().float()


@dataclass(frozen=True)
class Value:
    """What the program declares of a value.

    Attributes:
        dtype: ``float16``, ``float32``, ``int32``, ``bool``, ...
    """

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def half(self) -> bool:
        """Whether it is fp16."""
        return self.dtype == "float16"

    def zeros(self) -> Tensor:
        """Zeros as the interpreter holds such a value: short integers as int32, fp16 as fp32."""
        kind = torch.float32 if self.dtype.startswith("float") else torch.bool if self.dtype == "bool" else torch.int32
        return torch.zeros(self.shape, dtype=kind)


@dataclass(frozen=True)
class Instruction:
    """One operation with its kernel and its arguments.

    Attributes:
        settings: what the file fixes.
        late: setting -> the value it is read from in each run.
    """

    operation: str
    name: str
    kernel: Kernel
    tensors: Mapping[str, Argument]
    settings: Mapping[str, Any]
    outputs: tuple[Value, ...]
    late: Mapping[str, str] = field(default_factory=dict)

    def run(self, values: dict[str, Tensor]) -> None:
        """Compute the outputs from `values` and put them there, rounded to their declared type."""
        arguments: dict[str, Any] = {key: _resolve(argument, values) for key, argument in self.tensors.items()}
        arguments |= {key: values[name].tolist() for key, name in self.late.items()}
        result = self.kernel.function(**arguments, **self.settings)
        results = (result,) if isinstance(result, Tensor) else result
        for output, value in zip(self.outputs, results, strict=True):
            values[output.name] = round_to_half(value) if output.half and self.kernel.computes else value


def _resolve(argument: Argument, values: Mapping[str, Tensor]) -> Tensor | tuple[Tensor, ...]:
    if isinstance(argument, Tensor):
        return argument
    if isinstance(argument, str):
        return values[argument]
    return tuple(item if isinstance(item, Tensor) else values[item] for item in argument)


@dataclass(frozen=True)
class Program:
    """The main function of an ``.mlpackage``. Pure: `run` changes nothing but the states that it is given."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    instructions: tuple[Instruction, ...]
    constants: Mapping[str, Tensor]
    states: tuple[Value, ...] = ()

    def start(self) -> dict[str, Tensor]:
        """The states as Core ML makes them: zeros."""
        return {value.name: value.zeros() for value in self.states}

    def run(self, inputs: Mapping[str, Tensor], states: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Outputs by name, from tensors by name (float32; int32 and bool where the program says so).

        Args:
            inputs: one tensor an input.
            states: by name, replaced by the next ones; a program without states needs none.

        Raises:
            TargetError: a kernel cannot do what the file asks of it; the dry run at loading finds this.
        """
        assert set(states or ()) == {value.name for value in self.states}, "run a program with its own states"
        values = dict(self.constants) | (states or {})
        with torch.inference_mode():
            for wanted in self.inputs:
                values[wanted.name] = round_to_half(inputs[wanted.name]) if wanted.half else inputs[wanted.name]
            for instruction in self.instructions:
                try:
                    instruction.run(values)
                except (NotImplementedError, RuntimeError, IndexError, KeyError) as error:
                    raise TargetError(
                        f"{instruction.operation} {instruction.name}",
                        f"the interpreter cannot run it: {error}",
                        "run the package on a Mac, or write the layer in another form",
                    ) from error
            if states is not None:
                states.update({name: values[name].clone() for name in states})  # a caller may reuse its inputs' memory
            return {output.name: values[output.name] for output in self.outputs}

    def dry_run(self) -> None:
        """Run once on zeros, so that every fault shows at loading.

        Raises:
            TargetError: a kernel cannot do what the file asks of it, or gives another shape than the file declares.
        """
        results = self.run({value.name: value.zeros() for value in self.inputs}, self.start())
        for output in self.outputs:
            shape = tuple(results[output.name].shape)
            if shape != output.shape:
                raise TargetError(output.name, f"computed {shape}, declared {output.shape}", "export the bundle again")


class StatefulProgram:
    """A program with its own states, which last from one run to the next, as in Core ML's ``MLState``."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.states = program.start()

    def reset(self) -> None:
        """Begin again, from zeros."""
        self.states = self.program.start()

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Outputs by name, from tensors by name; see `Program.run`."""
        return self.program.run(inputs, self.states)
