"""Run Core ML stages: by Core ML itself on a Mac, elsewhere by an interpreter of the same files.

The interpreter (`runtime_bindings.python.mil`) shows that the converter, the stored weights, the rounding of fp16
values and the plumbing of the state are right. It says nothing of Apple's kernels, the Neural Engine or speed; an
executor's `engine` tells which of the two ran.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.executorch_executor import METHOD, NAMES_METHOD, ExecuTorchExecutor, tensor_names
from runtime_bindings.python.mil.loader import load_program
from runtime_bindings.python.mil.pte import PteProgram, load_pte
from runtime_bindings.python.signature import MEND, Port, check_signature, stage_file
from sdk.errors import TargetError
from sdk.runtime.executor import Array, ClosedStages, Executor, ExecutorSource
from sdk.spec import StageSpec, next_name

INTERPRETER, COREMLTOOLS = "interpreter", "coremltools"
"""Engines."""


class LoadedStage(Protocol):
    """One stage's program: arrays in and out by their names in the graph."""

    def run(self, tensors: Mapping[str, Array]) -> Mapping[str, Array]:
        """Outputs and next state from inputs and state."""
        ...


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

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step; see `sdk.runtime.executor.Executor.run`."""
        spec = self._specs[stage]
        results = self._stages[stage].run({tensor.name: tensors[tensor.name] for tensor in spec.graph_inputs})
        named = {tensor.name: results[tensor.name] for tensor in spec.outputs}
        named |= {tensor.name: results[next_name(tensor)] for tensor in spec.state}
        # A result may share memory with an argument or a constant of the program: the caller gets its own.
        return {name: np.array(value, np.float32, order="C") for name, value in named.items()}

    def close(self) -> None:
        """Free the programs."""
        self._stages = ClosedStages()


class InterpretedPackage:
    """An ``.mlpackage`` in the interpreter."""

    def __init__(self, path: Path, spec: StageSpec) -> None:
        self._program = load_program(path, spec.name)
        if self._program.states:
            raise TargetError(path, "keeps state of its own, which streams would share", MEND)
        inputs = [Port(value.name, value.shape, value.dtype) for value in self._program.inputs]
        outputs = [Port(value.name, value.shape, value.dtype) for value in self._program.outputs]
        check_signature(path, spec, inputs, outputs)

    def run(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs and next state from inputs and state."""
        results = self._program.run({name: _tensor(array) for name, array in tensors.items()})
        return {name: value.numpy() for name, value in results.items()}


class PredictedPackage:
    """An ``.mlpackage`` in Core ML, through ``coremltools.models.MLModel`` (macOS only)."""

    def __init__(self, path: Path, spec: StageSpec) -> None:
        with coremltools() as ct:
            self._model = ct.models.MLModel(str(path))
            description = self._model.get_spec().description
        check_signature(path, spec, _described(description.input), _described(description.output))

    def run(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs and next state from inputs and state."""
        results: dict[str, Array] = self._model.predict(dict(tensors))
        return results


class InterpretedPte:
    """A ``.pte`` with the Core ML delegate in the interpreter."""

    def __init__(self, path: Path, spec: StageSpec) -> None:
        self._program: PteProgram = load_pte(path, METHOD, NAMES_METHOD)
        self._spec = spec
        if self._program.names != tensor_names(spec):
            raise TargetError(path, f"holds '{self._program.names}', not '{tensor_names(spec)}'", MEND)
        shapes = self._program.shapes
        check_signature(
            path,
            spec,
            [Port(None, shapes[number], "float32") for number in self._program.inputs],
            [Port(None, shapes[number], "float32") for number in self._program.outputs],
        )

    def run(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs and next state from inputs and state."""
        results = self._program.run([_tensor(tensors[tensor.name]) for tensor in self._spec.graph_inputs])
        named = zip(self._spec.graph_output_names, results, strict=True)
        return {name: value.numpy() for name, value in named}


def open_executor(source: ExecutorSource) -> Executor:
    """Load the ``.mlpackage`` of every stage: into Core ML on macOS, else into the interpreter.

    Raises:
        MissingDependencyError: coremltools is not installed.
        TargetError: a package is missing, cannot be read or run, or is another stage's.
    """
    engine, load = (COREMLTOOLS, PredictedPackage) if sys.platform == "darwin" else (INTERPRETER, InterpretedPackage)
    stages = {spec.name: load(stage_file(source.files, spec), spec) for spec in source.pipeline.stages}
    return CoreMLExecutor(source, engine, stages)


def open_executorch_coreml(source: ExecutorSource) -> Executor:
    """Load the ``.pte`` of every stage: into ExecuTorch on macOS, whose wheel has the delegate, else the interpreter.

    Raises:
        MissingDependencyError: executorch or coremltools is not installed.
        TargetError: a file is missing, damaged, another stage's, or not wholly Core ML's.
    """
    if sys.platform == "darwin":
        return ExecuTorchExecutor(source)
    stages = {spec.name: InterpretedPte(stage_file(source.files, spec), spec) for spec in source.pipeline.stages}
    return CoreMLExecutor(source, INTERPRETER, stages)


# MLMultiArray data types (Core ML's ArrayFeatureType in FeatureTypes.proto).
_ARRAY_TYPES = {65552: "float16", 65568: "float32", 131104: "int32"}


def _described(features: Any) -> list[Port]:
    arrays = [(feature.name, feature.type.multiArrayType) for feature in features]
    return [Port(name, tuple(a.shape), _ARRAY_TYPES.get(a.dataType, f"type {a.dataType}")) for name, a in arrays]


def _tensor(array: Array) -> torch.Tensor:
    # torch warns of undefined writes when it wraps a read-only array.
    return torch.from_numpy(array if array.flags.writeable else array.copy())
