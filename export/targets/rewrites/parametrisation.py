"""Parametrised weights (such as weight norm) computed once and stored, instead of in every step."""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrize

from export.targets.rewrites import ModuleRewrite


def _fold(module: nn.Module) -> int:
    count = 0
    for layer in list(module.modules()):
        if not parametrize.is_parametrized(layer):
            continue
        names = layer.parametrizations
        assert isinstance(names, nn.ModuleDict)
        for name in list(names):
            parametrize.remove_parametrizations(layer, name, leave_parametrized=True)
            count += 1
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return count


FOLD_PARAMETRISATIONS = ModuleRewrite("fold_parametrisations", _fold)
