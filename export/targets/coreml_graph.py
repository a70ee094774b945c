"""The exported graph as Core ML's converter can take it without changing its meaning."""

from __future__ import annotations

import torch
from torch.export import ExportedProgram

from sdk.stage import Stage


def export_graph(stage: Stage) -> tuple[ExportedProgram, tuple[str, ...]]:
    """Export `stage` and repair what coremltools 9 converts wrongly.

    Returns:
        The program, and the names of the exact rewrites that changed it.
    """
    with torch.no_grad():
        exported = torch.export.export(stage.eval(), stage.example(), strict=False)
    exported = exported.run_decompositions({})
    rewrites = {name: rewrite(exported.graph) for name, rewrite in _REWRITES.items()}
    exported.graph_module.recompile()
    return exported, tuple(name for name, count in rewrites.items() if count)


def divide_by_reciprocal(graph: torch.fx.Graph) -> int:
    """``1 / x`` becomes a division: the `inverse` it is converted to adds 1e-4 to x. Returns how many changed."""
    targets = (torch.ops.aten.reciprocal.default,)
    nodes = [node for node in graph.nodes if node.op == "call_function" and node.target in targets]
    for node in nodes:
        with graph.inserting_before(node):
            one = graph.call_function(torch.ops.aten.full.default, ([1], 1.0))
            one.meta = {**node.meta, "val": torch.ones(1)}
        node.target = torch.ops.aten.div.Tensor
        node.args = (one, node.args[0])
    return len(nodes)


def unfold_alpha(graph: torch.fx.Graph) -> int:
    """``add(a, b, alpha=s)`` becomes ``a + b * s``: the converter drops alpha. Returns how many changed."""
    targets = (torch.ops.aten.add.Tensor, torch.ops.aten.sub.Tensor)
    nodes = [
        node
        for node in graph.nodes
        if node.op == "call_function" and node.target in targets and node.kwargs.get("alpha", 1) != 1
    ]
    for node in nodes:
        a, b = node.args
        with graph.inserting_before(node):
            scaled = graph.call_function(torch.ops.aten.mul.Tensor, (b, node.kwargs["alpha"]))
            scaled.meta = dict(node.meta)
        node.args, node.kwargs = (a, scaled), {}
    return len(nodes)


_REWRITES = {"divide_by_reciprocal": divide_by_reciprocal, "unfold_alpha": unfold_alpha}
