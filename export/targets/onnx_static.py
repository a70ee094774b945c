"""Ranges of what goes into layers, from a recording of their stage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from export.targets.onnx_weights import Floats, range_8
from sdk.errors import TargetError
from sdk.runtime.executor import Array
from sdk.stage import Stage

Range = tuple[np.float32, np.uint8]
"""Scale and zero point."""

MOST_VALUES = 200_000
"""Of one tensor that a range is fitted to; more are thinned out evenly."""


def record_ranges(stage: Stage, layers: Collection[str], recording: Sequence[Mapping[str, Array]]) -> dict[str, Range]:
    """Run `stage` on every step of `recording` and fit the range of the input of each of `layers`, dotted names.

    Raises:
        TargetError: the recording is empty, or a layer saw a value that is not finite.
    """
    if not layers:
        return {}
    if not recording:
        problem = "int8-static fixes scales on recorded speech, and there is no recording"
        raise TargetError(stage.name, problem, "record the stage on calibration speech, or use int8")
    seen: dict[str, list[Floats]] = {name: [] for name in layers}

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen[name].append(inputs[0].detach().numpy().ravel().copy())

        return stage.get_submodule(name).register_forward_pre_hook(note)

    hooks = [watch(name) for name in layers]
    try:
        with torch.no_grad():
            for step in recording:
                stage(*(torch.from_numpy(step[tensor.name]) for tensor in stage.spec.graph_inputs))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: _range(stage, name, kept) for name, kept in seen.items()}


def _range(stage: Stage, layer: str, kept: list[Floats]) -> Range:
    assert kept, f"{layer} is never called"
    values = np.concatenate(kept)
    if not np.isfinite(values).all():
        raise TargetError(
            f"{stage.name}.{layer}", "meets values that are not finite on the recording", "mend the model"
        )
    return range_8(values[:: -(-len(values) // MOST_VALUES)])
