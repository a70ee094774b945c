"""What a kernel is: the function that computes one ML Program operation, and how its arguments are given to it.

A kernel's parameters bear the operation's own parameter names (coremltools documentation, "MIL Ops"). A parameter
annotated with a tensor receives one; every other parameter is a setting, fixed in the file, and receives plain Python.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Function = Callable[..., Tensor | tuple[Tensor, ...]]


@dataclass(frozen=True)
class Kernel:
    """One operation.

    Attributes:
        function: computes it.
        tensors: parameters that receive tensors.
        settings: parameters that receive plain Python values.
        computes: False when values are only moved, so that no rounding is due.
    """

    function: Function
    tensors: frozenset[str]
    settings: frozenset[str]
    computes: bool


def register(table: dict[str, Kernel], *, computes: bool) -> Callable[[str], Callable[[Function], Function]]:
    """A decorator factory: ``@row("concat")`` puts the function below it into `table` under that operation."""

    def row(operation: str) -> Callable[[Function], Function]:
        def put(function: Function) -> Function:
            annotations = {name: str(p.annotation) for name, p in inspect.signature(function).parameters.items()}
            tensors = frozenset(name for name, annotation in annotations.items() if "Tensor" in annotation)
            table[operation] = Kernel(function, tensors, frozenset(annotations) - tensors, computes)
            return function

        return put

    return row
