"""What a kernel is: the function that computes one ML Program operation, and how its arguments are given to it.

A kernel's parameters bear the operation's own parameter names (coremltools documentation, "MIL Ops"). A parameter
annotated with a tensor receives one; every other parameter is a setting, fixed in the file, and receives plain Python.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar

from torch import Tensor

Function = Callable[..., Tensor | tuple[Tensor, ...]]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True)
class Kernel:
    """One operation.

    Attributes:
        function: computes it.
        tensors: parameters that receive tensors.
        settings: parameters that receive plain Python values.
        ignored: parameters that change no value, such as permission to check an index.
        computes: False when values are only moved, so that no rounding is due.
    """

    function: Function
    tensors: frozenset[str]
    settings: frozenset[str]
    ignored: frozenset[str]
    computes: bool


class Row(Protocol):
    """``row("concat")`` is the decorator that puts a function into a table under that operation."""

    def __call__(self, operation: str, *, ignores: Collection[str] = ()) -> Callable[[F], F]:
        """The decorator; `ignores` names parameters of the operation that the function does not take."""
        ...


def register(table: dict[str, Kernel], *, computes: bool) -> Row:
    """A decorator factory for the rows of `table`."""

    def row(operation: str, *, ignores: Collection[str] = ()) -> Callable[[F], F]:
        def put(function: F) -> F:
            annotations = {name: str(p.annotation) for name, p in inspect.signature(function).parameters.items()}
            tensors = frozenset(name for name, annotation in annotations.items() if "Tensor" in annotation)
            settings = frozenset(annotations) - tensors
            table[operation] = Kernel(function, tensors, settings, frozenset(ignores), computes)
            return function

        return put

    return row
