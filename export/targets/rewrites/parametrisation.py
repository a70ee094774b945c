"""Parametrised weights (such as weight norm) computed once and stored, instead of in every step."""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrize

from export.targets.rewrites import ModuleRewrite


def _fold(module: nn.Module) -> int:
    parametrised = [layer for layer in module.modules() if parametrize.is_parametrized(layer)]
    return sum(_fold_layer(layer) for layer in parametrised)


def _fold_layer(layer: nn.Module) -> int:
    """Not ``remove_parametrizations``: it edits the layer's class, which a deep copy shares with its original."""
    lists = layer.parametrizations
    assert isinstance(lists, nn.ModuleDict)
    values = {name: getattr(layer, name).detach().clone() for name in lists}
    layer.__class__ = parametrize.type_before_parametrizations(layer)
    del layer.parametrizations
    for name, value in values.items():
        layer.register_parameter(name, nn.Parameter(value, requires_grad=False))
    return len(values)


FOLD_PARAMETRISATIONS = ModuleRewrite("fold_parametrisations", _fold)
