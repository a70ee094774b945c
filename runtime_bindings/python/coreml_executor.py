"""Run Core ML packages: by Core ML itself on a Mac, elsewhere by an interpreter of the same files.

The interpreter (`runtime_bindings.python.mil`) shows that the converter, the stored weights, the rounding of fp16
values and the plumbing of the state are right. It says nothing of Apple's kernels, the Neural Engine or speed; `engine`
tells which of the two ran.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.mil.loader import load_program
from runtime_bindings.python.mil.program import Program
from sdk.errors import TargetError
from sdk.runtime.executor import Array, Executor, ExecutorSource
from sdk.spec import StageSpec, next_name


class LoadedStage(Protocol):
    """One stage's program: arrays in by graph name, arrays out by graph name."""

    @property
    def inputs(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape."""
        ...

    @property
    def outputs(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape."""
        ...

    def run(self, tensors: Mapping[str, Array]) -> Mapping[str, Array]:
        """Outputs and next state, named as in the graph."""
        ...


class InterpretedStage:
    """A `LoadedStage` over the interpreter."""

    def __init__(self, program: Program) -> None:
        self.inputs = {value.name: value.shape for value in program.inputs}
        self.outputs = {value.name: value.shape for value in program.outputs}
        self._program = program

    def run(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs and next state, named as in the graph."""
        results = self._program.run({name: torch.from_numpy(array) for name, array in tensors.items()})
        return {name: value.float().numpy() for name, value in results.items()}


class PredictedStage:
    """A `LoadedStage` over ``coremltools.models.MLModel`` (macOS only)."""

    def __init__(self, model: Any) -> None:
        description = model.get_spec().description
        self.inputs = {f.name: tuple(f.type.multiArrayType.shape) for f in description.input}
        self.outputs = {f.name: tuple(f.type.multiArrayType.shape) for f in description.output}
        self._model = model

    def run(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs and next state, named as in the graph."""
        results = self._model.predict(dict(tensors))
        return {name: np.asarray(value, np.float32) for name, value in results.items()}


class CoreMLExecutor:
    """An `Executor` over loaded stages.

    Attributes:
        engine: ``coremltools`` when Core ML runs the programs, ``interpreter`` when ours does.
    """

    def __init__(self, source: ExecutorSource, engine: str, stages: Mapping[str, LoadedStage]) -> None:
        self.target = source.target
        self.precision = source.precision
        self.engine = engine
        self._specs = {spec.name: spec for spec in source.pipeline.stages}
        self._stages = dict(stages)
        for name, stage in self._stages.items():
            check_layout(self._specs[name], stage, source.files[name])

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step; see `sdk.runtime.executor.Executor.run`."""
        spec = self._specs[stage]
        results = self._stages[stage].run({t.name: tensors[t.name] for t in spec.graph_inputs})
        named = {t.name: results[t.name] for t in spec.outputs}
        named |= {t.name: results[next_name(t)] for t in spec.state}
        # An output may be a view of an input or of a constant of the program: the caller gets memory of its own.
        return {name: np.array(value, np.float32, order="C") for name, value in named.items()}

    def close(self) -> None:
        """Free the programs."""
        self._stages.clear()


def check_layout(spec: StageSpec, stage: LoadedStage, path: Path) -> None:
    """See that the program takes and gives exactly the tensors of `spec`.

    Raises:
        TargetError: it does not.
    """
    shapes = {t.name: t.shape for t in (*spec.outputs, *spec.state)}
    wanted_in = {t.name: t.shape for t in spec.graph_inputs}
    wanted_out = {t.name: t.shape for t in spec.outputs} | {next_name(t): shapes[t.name] for t in spec.state}
    for side, wanted, found in (("inputs", wanted_in, stage.inputs), ("outputs", wanted_out, stage.outputs)):
        if wanted != dict(found):
            name, shape = sorted({*wanted.items()} ^ {*found.items()})[0]
            raise TargetError(path, f"its {side} are not those of stage {spec.name} ({name} {shape})", "export again")


def open_executor(source: ExecutorSource) -> Executor:
    """Load ``.mlpackage`` stages: with Core ML on macOS, else with the interpreter.

    Raises:
        MissingDependencyError: coremltools is not installed.
        TargetError: a package cannot be read or run, or does not hold its stage.
    """
    if sys.platform == "darwin":
        return CoreMLExecutor(source, "coremltools", {name: _predicted(path) for name, path in source.files.items()})
    stages = {name: InterpretedStage(load_program(path, name)) for name, path in source.files.items()}
    return CoreMLExecutor(source, "interpreter", stages)


def _predicted(path: Path) -> PredictedStage:
    with coremltools() as ct:
        return PredictedStage(ct.models.MLModel(str(path)))
