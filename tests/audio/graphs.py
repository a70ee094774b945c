"""Reads the operators of a traced module."""

import torch


def operators(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> set[str]:
    """Names of the aten operators, without overload, that torch.export finds."""
    program = torch.export.export(module.eval(), arguments)
    found = set()
    for node in program.graph.nodes:
        if node.op == "call_function":
            assert isinstance(node.target, torch._ops.OpOverload), f"{node.target} is not an operator"
            assert node.target.namespace == "aten", f"{node.target} is not an aten operator"
            found.add(node.target.overloadpacket.__name__)
    return found
