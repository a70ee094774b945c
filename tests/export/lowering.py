"""The zoo lowered once a run by each of the two targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from export.precision import FP32
from export.targets.base import Lowered, LoweringOptions, find_target
from sdk.runtime.executor import Executor, ExecutorSource, open_executor
from sdk.spec import StageSpec
from sdk.stage import Stage
from tests.export.zoo import zoo_pipeline, zoo_stages

Tensors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class LoweredZoo:
    source: ExecutorSource
    reports: Mapping[str, Lowered]

    def open(self) -> Executor:
        return open_executor(self.source)

    def with_file(self, stage: str, path: Path) -> ExecutorSource:
        return replace(self.source, files={**self.source.files, stage: path})


def lower_zoo(target: str, folder: Path) -> LoweredZoo:
    row = find_target(target)
    files, reports = {}, {}
    for stage in zoo_stages():
        files[stage.name] = folder / f"{stage.name}{row.suffix}"
        reports[stage.name] = row.lower(stage, FP32, files[stage.name], LoweringOptions())
    return LoweredZoo(ExecutorSource(target, "fp32", zoo_pipeline(), files), reports)


def random_inputs(stage: StageSpec, seed: int) -> Tensors:
    generator = np.random.default_rng(seed)
    return {tensor.name: generator.standard_normal(tensor.shape, np.float32) for tensor in stage.inputs}


def zero_state(stage: StageSpec) -> Tensors:
    return {tensor.name: np.zeros(tensor.shape, np.float32) for tensor in stage.state}


def state_of(stage: StageSpec, results: Mapping[str, NDArray[np.float32]]) -> Tensors:
    return {tensor.name: results[tensor.name] for tensor in stage.state}


def run_eager(stage: Stage, tensors: Tensors) -> Tensors:
    spec = stage.spec
    with torch.no_grad():
        results = stage(*(torch.from_numpy(tensors[tensor.name]) for tensor in spec.graph_inputs))
    names = [tensor.name for tensor in (*spec.outputs, *spec.state)]
    return {name: result.numpy().copy() for name, result in zip(names, results, strict=True)}


def run_stream(executor: Executor, stage: StageSpec, steps: int, seed: int) -> list[Tensors]:
    """Results of `steps` closed-loop steps on seeded inputs."""
    state, results = zero_state(stage), []
    for step in range(steps):
        results.append(executor.run(stage.name, {**random_inputs(stage, seed + step), **state}))
        state = state_of(stage, results[-1])
    return results
