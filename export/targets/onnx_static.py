"""Ranges of what goes in and out of layers, from a recording of their stage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from export.targets.onnx_weights import Floats, range_8
from sdk.errors import TargetError
from sdk.runtime.executor import Array
from sdk.stage import Stage

MOST_VALUES = 200_000
"""Of one tensor that a range is fitted to; more are thinned out evenly."""


@dataclass(frozen=True)
class Ranges:
    """Scale and zero point of a layer's input and output."""

    input: tuple[np.float32, np.uint8]
    output: tuple[np.float32, np.uint8]


def record_ranges(stage: Stage, layers: Collection[str], recording: Sequence[Mapping[str, Array]]) -> dict[str, Ranges]:
    """Run `stage` on every step of `recording` and fit the ranges of `layers`, dotted names.

    Raises:
        TargetError: the recording is empty, or a layer saw a value that is not finite.
    """
    if not layers:
        return {}
    if not recording:
        problem = "int8-static fixes scales on recorded speech, and there is no recording"
        raise TargetError(stage.name, problem, "record the stage on calibration speech, or use int8")
    seen: dict[str, tuple[list[Floats], list[Floats]]] = {name: ([], []) for name in layers}

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def note(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            for kept, tensor in zip(seen[name], (inputs[0], output), strict=True):
                kept.append(tensor.detach().numpy().ravel().copy())

        return stage.get_submodule(name).register_forward_hook(note)

    hooks = [watch(name) for name in layers]
    try:
        with torch.no_grad():
            for step in recording:
                stage(*(torch.from_numpy(step[tensor.name]) for tensor in stage.spec.graph_inputs))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: Ranges(*(_range(stage, name, kept) for kept in both)) for name, both in seen.items()}


def _range(stage: Stage, layer: str, kept: list[Floats]) -> tuple[np.float32, np.uint8]:
    assert kept, f"{layer} is never called"
    values = np.concatenate(kept)
    if not np.isfinite(values).all():
        raise TargetError(
            f"{stage.name}.{layer}", "meets values that are not finite on the recording", "mend the model"
        )
    return range_8(values[:: -(-len(values) // MOST_VALUES)])
