"""Exact rewrites: the same function in the form one target can take whole.

A rewrite knows layer types and operators, never models. It works on a copy, equals the original within float rounding
(tested), and its name goes into the manifest of every artefact it changed. Two kinds:

    module rewrites   replace layers of a stage before it is traced (`layer_norm`, `parametrisation`)
    operator forms    replace operators of the traced program (`operator_forms`)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from sdk.stage import Stage


@dataclass(frozen=True)
class ModuleRewrite:
    """A rewrite of layers.

    Attributes:
        name: as the manifest shows it.
        apply: changes the layers below a module in place and returns how many it changed.
    """

    name: str
    apply: Callable[[nn.Module], int]


def rewrite(stage: Stage, rewrites: Sequence[ModuleRewrite]) -> tuple[Stage, tuple[str, ...]]:
    """A frozen copy of `stage` in evaluation mode with `rewrites` applied in order, and the names of those that changed
    it. The original is left as it was.
    """
    changed = copy.deepcopy(stage).eval().requires_grad_(False)
    return changed, tuple(each.name for each in rewrites if each.apply(changed))


def replace_layers(module: nn.Module, replacement: Callable[[nn.Module], nn.Module | None]) -> int:
    """Put ``replacement(layer)`` in the place of every layer below `module` for which it is not None; how many."""
    count = 0
    for name, child in module.named_children():
        new = replacement(child)
        if new is None:
            count += replace_layers(child, replacement)
        else:
            setattr(module, name, new)
            count += 1
    return count
