"""A loaded ML Program and how it runs: one kernel an operation, every fp16 value rounded to fp16."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Instruction:
    """One operation with its kernel and the arguments that the file fixes."""

    operation: str
    name: str
    kernel: Kernel
    tensors: Mapping[str, Argument]
    settings: Mapping[str, Any]
    outputs: tuple[Value, ...]

    def run(self, values: dict[str, Tensor]) -> None:
        """Compute the outputs from `values` and put them there, rounded to their declared type."""
        arguments = {key: _resolve(argument, values) for key, argument in self.tensors.items()}
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
    """The main function of an ``.mlpackage``. Pure: `run` changes nothing but what it returns."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    instructions: tuple[Instruction, ...]
    constants: Mapping[str, Tensor]

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Outputs by name, from float32 tensors by name.

        Raises:
            TargetError: a kernel cannot do what the file asks of it; the dry run at loading finds this.
        """
        values = dict(self.constants)
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
            return {output.name: values[output.name] for output in self.outputs}

    def dry_run(self) -> None:
        """Run once on zeros, so that every fault shows at loading.

        Raises:
            TargetError: a kernel cannot do what the file asks of it, or gives another shape than the file declares.
        """
        results = self.run({value.name: torch.zeros(value.shape) for value in self.inputs})
        for output in self.outputs:
            shape = tuple(results[output.name].shape)
            if shape != output.shape:
                raise TargetError(output.name, f"computed {shape}, declared {output.shape}", "export the bundle again")
