"""The reference executor: the stages themselves, in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sdk.runtime.executor import Array, ClosedStages
from sdk.spec import StageSpec, TensorSpec
from sdk.stage import Stage


class EagerExecutor:
    """Runs stages in PyTorch on the CPU, without gradients.

    The stages are put into evaluation mode and otherwise left as they are; several executors may share them. `run` may
    be called from several threads at once. The number of threads one call uses is PyTorch's global setting, which this
    class does not touch: for one thread a stream, call ``torch.set_num_threads(1)``.

    Args:
        stages: modules in the pipeline's order, each with its `Stage.spec`.
        target: name shown in reports.
        precision: name shown in reports.
    """

    def __init__(self, stages: Sequence[Stage], target: str = "eager", precision: str = "fp32") -> None:
        self.target = target
        self.precision = precision
        self._stages: dict[str, tuple[Stage, StageSpec]] = {s.name: (s.eval(), s.spec) for s in stages}

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step; see `sdk.runtime.executor.Executor.run`."""
        module, spec = self._stages[stage]
        assert len(tensors) == len(spec.graph_inputs), f"{stage}: {len(tensors)} tensors given"
        with torch.inference_mode():
            results = module(*(_tensor(stage, wanted, tensors[wanted.name]) for wanted in spec.graph_inputs))
        made = (*spec.outputs, *spec.state)
        return {name.name: _array(stage, name, result) for name, result in zip(made, results, strict=True)}

    def close(self) -> None:
        """Let go of the stages."""
        self._stages = ClosedStages()


def _tensor(stage: str, wanted: TensorSpec, array: Array) -> Tensor:
    assert array.dtype == "float32", f"{stage}.{wanted.name}: {array.dtype}"
    assert array.shape == wanted.shape, f"{stage}.{wanted.name}: {array.shape} is not {wanted.shape}"
    return torch.from_numpy(array)


def _array(stage: str, made: TensorSpec, tensor: Tensor) -> Array:
    assert tuple(tensor.shape) == made.shape, f"{stage}.{made.name}: {tuple(tensor.shape)} is not {made.shape}"
    # A copy always: a result may be a view of an argument, of a weight or of another result.
    array: Array = tensor.numpy().copy(order="C")
    return array
