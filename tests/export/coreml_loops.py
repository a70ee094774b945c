"""Closed loops of one stage in an executor and in eager PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from export.precision import PRECISIONS, plan_stage
from export.targets.base import LoweringOptions, Target
from runtime_bindings.python.coreml_executor import open_executor, open_executorch_coreml
from sdk.runtime.executor import Array, Executor, ExecutorSource
from sdk.spec import FrameRate, PipelineSpec, TensorSpec
from sdk.stage import Stage

OPEN = {"coreml": open_executor, "executorch-coreml": open_executorch_coreml}


def pipeline_of(stage: Stage) -> PipelineSpec:
    """A pipeline of `stage` alone, whatever its sources are said to be."""
    first = stage.spec.outputs[0]
    inputs = tuple(tensor.model_copy(update={"source": f"parameter.{tensor.name}"}) for tensor in stage.spec.inputs)
    spec = stage.spec.model_copy(update={"clock": "frame", "inputs": inputs})
    parameters = tuple(TensorSpec(name=tensor.name, shape=tensor.shape) for tensor in inputs)
    return PipelineSpec(
        hop=320, frame_rate=FrameRate(num=30), parameters=parameters, stages=(spec,), values=f"{spec.name}.{first.name}"
    )


def lower_and_open(target: Target, precision: str, stage: Stage, folder: Path, system: str = "iOS18") -> Executor:
    """`stage` as its own bundle would run it."""
    path = folder / f"{stage.name}{target.suffix}"
    plan = plan_stage(stage, target.base(precision), PRECISIONS[precision].form, target.forms)
    target.lower(stage, plan, path, LoweringOptions(min_deployment_target=system))
    return OPEN[target.name](ExecutorSource(target.name, precision, pipeline_of(stage), {stage.name: path}))


class EagerStream:
    """The stage in PyTorch, stepped with its own state."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.state = stage, stage.init_state()

    def step(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        with torch.no_grad():
            tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
            outputs, self.state = self.stage.step(tensors, self.state)
        return {name: value.numpy() for name, value in outputs.items()}


class ExecutorStream:
    """The same in an executor."""

    def __init__(self, executor: Executor, stage: Stage) -> None:
        self.executor, self.spec = executor, stage.spec
        self.state = {tensor.name: np.zeros(tensor.shape, np.float32) for tensor in stage.spec.state}

    def step(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        results = self.executor.run(self.spec.name, {**inputs, **self.state})
        self.state = {name: results.pop(name) for name in self.state}
        return results


def noise(stage: Stage, steps: int, seed: int = 0) -> Iterator[dict[str, Array]]:
    """Inputs of a stream."""
    generator = np.random.default_rng(seed)
    for _ in range(steps):
        yield {t.name: generator.normal(0, 0.5, t.shape).astype(np.float32) for t in stage.spec.inputs}


def largest_error(stage: Stage, executor: Executor, steps: int) -> float:
    """Largest error of any output in a closed loop, as a part of that output's largest value."""
    eager, other = EagerStream(stage), ExecutorStream(executor, stage)
    errors: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for inputs in noise(stage, steps):
        wanted, found = eager.step(inputs), other.step(inputs)
        for name in wanted:
            errors[name] = max(errors.get(name, 0.0), float(np.abs(wanted[name] - found[name]).max()))
            sizes[name] = max(sizes.get(name, 0.0), float(np.abs(wanted[name]).max()))
    return max(errors[name] / sizes[name] for name in errors)
