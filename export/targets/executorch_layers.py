"""Layers of a stage in the forms that XNNPACK computes in integers.

One way of the several that lower is used: inputs scaled at every step, a symmetric scale for each output channel or
group. Of the others (ExecuTorch 1.4.1, torchao 0.18) weight-only 8 bits lowers without a word and is wrong by a factor
of a thousand, and scales fixed beforehand fail when the program is loaded wherever a stage slices its state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from export.precision import GROUP, Form
from export.targets.quiet import quiet
from runtime_bindings.python.dependency import require

WEIGHTS = {"int8": torch.int8, "int4": getattr(torch, "int4")}  # noqa: B009 - PyTorch has no stub of it


def quantise_layers(module: nn.Module, layers: Mapping[str, Form], target: str) -> None:
    """Replace, in place, the weights of the named ``nn.Linear`` by quantised ones.

    Args:
        module: a stage's own copy.
        layers: dotted name -> ``int8`` or ``int4``.
        target: that asks, for the error.

    Raises:
        MissingDependencyError: ``torchao`` is not installed.
    """
    for form in dict.fromkeys(layers.values()):
        chosen = {name for name, each in layers.items() if each == form}
        with quiet():
            quantization = require("torchao.quantization", target)
            quantization.quantize_(module, _configuration(form, target), lambda _, name, named=chosen: name in named)


def _configuration(form: Form, target: str) -> Any:
    quantization = require("torchao.quantization", target)
    granularity = require("torchao.quantization.granularity", target)
    return quantization.Int8DynamicActivationIntxWeightConfig(
        weight_dtype=WEIGHTS[form],
        weight_granularity=granularity.PerAxis(0) if form == "int8" else granularity.PerGroup(GROUP),
    )
