"""Constants that a step makes anew each time (``torch.ones``, ``torch.arange``) stored as buffers of the program."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

aten = torch.ops.aten
_MAKERS = {
    aten.arange,
    aten.full,
    aten.full_like,
    aten.new_full,
    aten.new_ones,
    aten.new_zeros,
    aten.ones,
    aten.ones_like,
    aten.scalar_tensor,
    aten.zeros,
    aten.zeros_like,
}


def store_constants(graph: fx.GraphModule) -> int:
    """Replace every call that makes a constant by a buffer, in place; how many.

    Args:
        graph: an unlifted traced program; its nodes carry their example value as ``meta["val"]``.
    """
    makers = [node for node in graph.graph.nodes if getattr(node.target, "overloadpacket", None) in _MAKERS]
    for index, node in enumerate(makers):
        # The makers that take a tensor read no more of it than its shape and type.
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), _placeholder)
        name = f"stored_constant_{index}"
        graph.register_buffer(name, node.target(*args, **kwargs))
        with graph.graph.inserting_before(node):
            node.replace_all_uses_with(graph.graph.get_attr(name))
        graph.graph.erase_node(node)
    graph.recompile()
    return len(makers)


def _placeholder(node: fx.Node) -> Any:
    return torch.zeros(node.meta["val"].shape, dtype=node.meta["val"].dtype)
