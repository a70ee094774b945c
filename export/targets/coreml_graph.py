"""The exported graph as Core ML's converter can take it without changing its meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from export.targets.coreml_precision import export_marked
from sdk.errors import TargetError
from sdk.stage import Stage

aten = torch.ops.aten


def reciprocal(x: Tensor) -> Tensor:
    """As a quotient: the `inverse` that coremltools 9 makes of it adds 1e-4 to x."""
    return torch.ones(1) / x


def add(x: Tensor, y: Any, *, alpha: float = 1) -> Any:
    """With alpha as a product: coremltools 9 drops it."""
    return NotImplemented if alpha == 1 else x + y * alpha


def sub(x: Tensor, y: Any, *, alpha: float = 1) -> Any:
    """With alpha as a product: coremltools 9 drops it."""
    return NotImplemented if alpha == 1 else x - y * alpha


FORMS: dict[Any, Callable[..., Any]] = {
    aten.reciprocal.default: reciprocal,
    aten.add.Tensor: add,
    aten.sub.Tensor: sub,
}
"""Operator -> the form that converts; where a form gives NotImplemented the operator stays."""


def export_graph(stage: Stage) -> tuple[ExportedProgram, tuple[str, ...]]:
    """Export `stage` and rewrite, exactly, what coremltools 9 converts wrongly.

    Returns:
        The program, and the names of the rewrites that changed it.
    """
    applied: set[str] = set()

    def noted(form: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = form(*args, **kwargs)
            if result is not NotImplemented:
                applied.add(f"{form.__name__}_form")
            return result

        return call

    exported = export_marked(stage.eval(), stage.example())
    exported = exported.run_decompositions({operator: noted(form) for operator, form in FORMS.items()})
    if _without_aliases(exported):
        applied.add("aliases_removed")
    return exported, tuple(sorted(applied))


def _without_aliases(exported: ExportedProgram) -> bool:
    """Take out aliases, as a slice of everything or a cat of one leaves them: coremltools 9 does not know them."""
    graph = exported.graph_module.graph
    aliases = [node for node in graph.nodes if node.target is aten.alias.default]
    for node in aliases:
        node.replace_all_uses_with(node.args[0], delete_user_cb=lambda user: user.op != "output")
        if not node.users:
            graph.erase_node(node)
    if aliases:
        graph.lint()
        exported.graph_module.recompile()
    return bool(aliases)


def cannot_convert(stage: Stage, error: Exception) -> TargetError:
    """What to raise when coremltools gave `error` on `stage`."""
    return TargetError(
        f"stage {stage.spec.name}", f"coremltools cannot convert it ({error})", "write that layer in another form"
    )
