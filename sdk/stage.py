"""A stage as torch code: a pure step over named tensors, and the tree of its state.

A layer's state is a frozen dataclass of tensors, a parent's state a frozen dataclass, dict or tuple of its children's.
`flatten` turns such a tree into (name, tensor) pairs in field order, names joined by ``_``; `unflatten` is its inverse.
The traced program is flat: `Stage.forward` takes inputs and state by position and gives outputs and next state.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from sdk.spec import Clock, InputSpec, StageSpec, TensorSpec

Tree = Any
"""A tensor, or a dataclass, mapping or tuple of trees."""


def flatten(tree: Tree, prefix: str = "") -> list[tuple[str, Tensor]]:
    """Leaves of a state tree with their names, in the order of fields, keys or positions."""
    if isinstance(tree, Tensor):
        return [(prefix, tree)]
    leaves: list[tuple[str, Tensor]] = []
    for key, child in _children(tree):
        leaves += flatten(child, f"{prefix}_{key}" if prefix else key)
    return leaves


def unflatten(like: Tree, leaves: Iterator[Tensor]) -> Tree:
    """Build a tree of the same form as `like` from tensors in `flatten` order."""
    if isinstance(like, Tensor):
        return next(leaves)
    built = {key: unflatten(child, leaves) for key, child in _children(like)}
    if dataclasses.is_dataclass(like):
        return type(like)(**built)  # type: ignore[misc]
    return built if isinstance(like, Mapping) else tuple(built.values())


def _children(tree: Tree) -> list[tuple[str, Tree]]:
    if dataclasses.is_dataclass(tree):
        return [(field.name, getattr(tree, field.name)) for field in dataclasses.fields(tree)]
    if isinstance(tree, Mapping):
        return [(str(key), child) for key, child in tree.items()]
    assert isinstance(tree, tuple), f"not a state tree: {type(tree).__name__}"
    return [(str(index), child) for index, child in enumerate(tree)]


class Stage(nn.Module, abc.ABC):
    """One program on the device. Subclasses give names and specs, `init_state` and `step`; nothing else is needed.

    A step is pure: static shapes, batch 1, no data-dependent control flow, no random calls, no hidden buffers that
    change. State leaves are float32 and start as zeros.
    """

    name: str
    clock: Clock
    inputs: tuple[InputSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def init_state(self) -> Tree:
        """The start state: a tree of zero tensors. Stateless stages keep this default, the empty tuple."""
        return ()

    @abc.abstractmethod
    def step(self, inputs: Mapping[str, Tensor], state: Tree) -> tuple[dict[str, Tensor], Tree]:
        """One step: named inputs and the state to named outputs and the next state."""

    @property
    def spec(self) -> StageSpec:
        """The stage as data, with the state's layout read off `init_state`."""
        state = tuple(TensorSpec(name=name, shape=tuple(leaf.shape)) for name, leaf in flatten(self.init_state()))
        return StageSpec(name=self.name, clock=self.clock, inputs=self.inputs, outputs=self.outputs, state=state)

    def forward(self, *flat: Tensor) -> tuple[Tensor, ...]:
        """The step on flat tensors: inputs then state in, outputs then next state out, in the order of `spec`."""
        count = len(self.inputs)
        inputs = dict(zip((tensor.name for tensor in self.inputs), flat[:count], strict=True))
        state = unflatten(self._form(), iter(flat[count:]))
        outputs, after = self.step(inputs, state)
        return (*(outputs[tensor.name] for tensor in self.outputs), *(leaf for _, leaf in flatten(after)))

    def _form(self) -> Tree:
        """A tree of the state's form. Kept, because zeroing megabytes of cache at every step would cost more than some
        steps do; made anew while a program is traced, where tensors are not real.
        """
        if torch.compiler.is_compiling():
            return self.init_state()
        if "_kept_form" not in self.__dict__:
            self.__dict__["_kept_form"] = self.init_state()
        return self.__dict__["_kept_form"]

    def example(self, generator: torch.Generator | None = None) -> tuple[Tensor, ...]:
        """Flat arguments of the right shapes: small noise for inputs, the start state for the state."""
        generator = generator or torch.Generator().manual_seed(0)
        noise = [torch.randn(tensor.shape, generator=generator) * 0.1 for tensor in self.inputs]
        return (*noise, *(leaf for _, leaf in flatten(self.init_state())))
