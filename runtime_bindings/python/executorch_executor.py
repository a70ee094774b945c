"""Runs ``.pte`` programs with the ExecuTorch runtime of the ``executorch`` wheel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from runtime_bindings.python.dependency import require
from runtime_bindings.python.native_log import native_stderr_hidden
from runtime_bindings.python.signature import MEND, Port, check_signature, stage_file
from sdk.errors import TargetError
from sdk.runtime.executor import Array, ClosedStages, Executor, ExecutorSource
from sdk.spec import StageSpec

METHOD = "forward"
NAMES_METHOD = "tensor_names"
"""Constant method that holds `tensor_names`: the format itself keeps no names of tensors."""

FORMAT, IDENTIFIER = b"ET12", slice(4, 8)
"""Every program's identifier and its place (executorch/schema/program.fbs, "Flatbuffers file identifier")."""

# Numbers of c10::ScalarType, as method metadata gives them (c10/core/ScalarType.h).
_DTYPES = {3: "int32", 4: "int64", 5: "float16", 6: "float32", 11: "bool"}


def tensor_names(stage: StageSpec) -> str:
    """Stage, inputs and outputs in one line, e.g. ``encoder: pcm left -> features next_left``."""
    inputs = " ".join(tensor.name for tensor in stage.graph_inputs)
    return f"{stage.name}: {inputs} -> {' '.join(stage.graph_output_names)}"


@dataclass(frozen=True)
class _Loaded:
    program: Any  # owns the file's memory: must outlive its method
    method: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class ExecuTorchExecutor:
    """Programs of all stages, loaded once; no state of its own."""

    def __init__(self, source: ExecutorSource, threads: int = 1) -> None:
        with native_stderr_hidden():
            runtime = require("executorch.runtime", "executorch")
            portable = require("executorch.extension.pybindings.portable_lib", "executorch")
            # The pool belongs to the process and XNNPACK takes its size when a method is loaded.
            portable._unsafe_reset_threadpool(threads)
        self.target, self.precision = source.target, source.precision
        self._torch = require("torch", "executorch")
        self._lock = Lock()
        self._stages = {
            stage.name: _load(runtime, stage_file(source.files, stage), stage) for stage in source.pipeline.stages
        }

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step; see `sdk.runtime.Executor`."""
        loaded = self._stages[stage]
        arguments = [self._tensor(tensors[name]) for name in loaded.inputs]
        # A method computes in memory planned at export and is not safe to enter twice; execute() clones the results
        # out of that memory, so that they stay when the next call reuses it.
        with self._lock:
            results = loaded.method.execute(arguments)
        return {name: result.numpy() for name, result in zip(loaded.outputs, results, strict=True)}

    def close(self) -> None:
        """Free the programs."""
        self._stages = ClosedStages()

    def _tensor(self, array: Array) -> Any:
        # A read-only array would make torch warn that writes are undefined; copies of them are rare and small.
        array = np.ascontiguousarray(array)
        return self._torch.from_numpy(array if array.flags.writeable else array.copy())


def _load(runtime: Any, path: Path, stage: StageSpec) -> _Loaded:
    """Load and check one stage's program."""
    try:
        with path.open("rb") as file:
            head = file.read(IDENTIFIER.stop)
    except OSError as error:
        raise TargetError(path, f"cannot be read ({error.strerror})", MEND) from error
    if head[IDENTIFIER] != FORMAT:
        # The runtime puts the foreign bytes into its own message, which aborts the process if they are not UTF-8.
        raise TargetError(path, f"is not a program this runtime can load (no {FORMAT.decode()} at its start)", MEND)
    try:
        program = runtime.Runtime.get().load_program(path, verification=runtime.Verification.InternalConsistency)
        if not {METHOD, NAMES_METHOD} <= program.method_names:
            raise TargetError(path, f"has no methods {METHOD} and {NAMES_METHOD}", MEND)
        (names,) = program.load_method(NAMES_METHOD).execute([])
        meta = program.metadata(METHOD)
        method = program.load_method(METHOD)
    except RuntimeError as error:
        raise TargetError(path, f"is not a program this runtime can load ({_first_line(error)})", MEND) from error
    if names != tensor_names(stage):
        raise TargetError(path, f"holds '{names}', not '{tensor_names(stage)}'", MEND)
    inputs = [_port(meta.input_tensor_meta(index)) for index in range(meta.num_inputs())]
    outputs = [_port(meta.output_tensor_meta(index)) for index in range(meta.num_outputs())]
    check_signature(path, stage, inputs, outputs)
    state = tuple(tensor.name for tensor in stage.state)
    return _Loaded(
        program=program,
        method=method,
        inputs=tuple(tensor.name for tensor in stage.graph_inputs),
        outputs=(*(tensor.name for tensor in stage.outputs), *state),
    )


def _port(meta: Any) -> Port:
    return Port(None, tuple(meta.sizes()), _DTYPES.get(meta.dtype(), f"scalar type {meta.dtype()}"))


def _first_line(error: RuntimeError) -> str:
    return str(error).strip().partition("\n")[0]


def open_executor(source: ExecutorSource) -> Executor:
    """Load the ``.pte`` of every stage, on one thread.

    Raises:
        MissingDependencyError: the ``executorch`` wheel is not installed.
        TargetError: a file is missing, damaged or another stage's.
    """
    return ExecuTorchExecutor(source)
