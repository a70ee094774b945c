"""Runs ``.onnx`` graphs with ONNX Runtime on the processor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime_bindings.python.dependency import require
from runtime_bindings.python.signature import MEND, Port, check_signature, stage_file
from sdk.errors import TargetError
from sdk.runtime.executor import Array, ClosedStages, Executor, ExecutorSource
from sdk.spec import StageSpec

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}
_LOG_ERRORS_ONLY = 3


@dataclass(frozen=True)
class _Loaded:
    session: Any
    inputs: tuple[str, ...]
    fetches: tuple[str, ...]
    outputs: tuple[str, ...]


class OnnxExecutor:
    """Sessions of all stages, loaded once; no state of its own."""

    def __init__(self, source: ExecutorSource, threads: int = 1) -> None:
        ort = require("onnxruntime", "onnx")
        self.target, self.precision = source.target, source.precision
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = _LOG_ERRORS_ONLY
        # A step takes well under a millisecond once a frame: spinning in between would burn a core for nothing.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._stages = {
            stage.name: _load(ort, options, stage_file(source.files, stage), stage) for stage in source.pipeline.stages
        }

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step; see `sdk.runtime.Executor`."""
        loaded = self._stages[stage]
        results = loaded.session.run(loaded.fetches, {name: tensors[name] for name in loaded.inputs})
        return dict(zip(loaded.outputs, results, strict=True))

    def close(self) -> None:
        """Free the sessions."""
        self._stages = ClosedStages()


def _load(ort: Any, options: Any, path: Path, stage: StageSpec) -> _Loaded:
    """Load and check one stage's graph."""
    state = ort.capi.onnxruntime_pybind11_state
    damaged = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoModel)
    unable = (state.NotImplemented, state.RuntimeException)
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (*damaged, *unable) as error:
        line = str(error).strip().partition("\n")[0]
        raise TargetError(path, f"is not a graph this runtime can load ({line})", MEND) from error
    inputs, outputs = ([_port(node) for node in nodes] for nodes in (session.get_inputs(), session.get_outputs()))
    check_signature(path, stage, inputs, outputs)
    return _Loaded(
        session=session,
        inputs=tuple(tensor.name for tensor in stage.graph_inputs),
        fetches=stage.graph_output_names,
        outputs=tuple(tensor.name for tensor in (*stage.outputs, *stage.state)),
    )


def _port(node: Any) -> Port:
    # A named dimension arrives as text; it can never equal a static shape and so is refused.
    return Port(node.name, tuple(node.shape), _DTYPES.get(node.type, node.type))


def open_executor(source: ExecutorSource) -> Executor:
    """Load the ``.onnx`` of every stage, on one thread.

    Raises:
        MissingDependencyError: ``onnxruntime`` is not installed.
        TargetError: a file is missing, damaged or another stage's.
    """
    return OnnxExecutor(source)
