"""What runs a stage: one interface for eager PyTorch, ExecuTorch, ONNX Runtime, Core ML and native code.

An executor is a loaded model without any stream: all state passes through `run`, so that many sessions share one.
Packages add executors through the entry point group ``nowface.executors``: name -> ``factory(ExecutorSource)``. A
runtime that streams by itself has no executor: the group ``nowface.sessions`` names its
``factory(folder, pipeline, precision, parameters, **options)``, which gives a session of its own with the same verbs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from sdk.errors import SessionError, TargetError
from sdk.plugins import load_plugin, plugin_names
from sdk.spec import PipelineSpec

Array = NDArray[np.float32]

ENTRY_POINT_GROUP = "nowface.executors"
SESSION_GROUP = "nowface.sessions"


@dataclass(frozen=True)
class ExecutorSource:
    """What a factory needs to load a model: checked files of one target and precision.

    Attributes:
        target: target name, e.g. ``onnx``.
        precision: e.g. ``fp32``.
        pipeline: the stages.
        files: stage name -> artefact (a file, or a folder for ``.mlpackage``); hashes are already checked.
        model: name of the model in the registry; only the eager executor reads it.
        config: the model's configuration as in the manifest; only the eager executor reads it.
    """

    target: str
    precision: str
    pipeline: PipelineSpec
    files: Mapping[str, Path]
    model: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


class Executor(Protocol):
    """A loaded model. `run` is a pure function of its arguments."""

    target: str
    precision: str

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Run one step of `stage`.

        Args:
            stage: name of a stage of the pipeline.
            tensors: every input and state tensor by its spec name, C-contiguous float32 of the spec's shape.

        Returns:
            Every output by name, and every state tensor by its spec name (without ``next_``). The arrays are the
            caller's: no later run writes into them.
        """
        ...

    def close(self) -> None:
        """Free the model. A run that follows raises SessionError."""
        ...


class ClosedStages(dict[str, Any]):
    """The loaded stages of a closed executor: none, and looking for one says why."""

    def __missing__(self, stage: str) -> NoReturn:
        raise SessionError(f"stage {stage}", "its executor is closed", "keep the bundle open while its sessions run")


def own_session(target: str) -> Callable[..., Any] | None:
    """The factory of a runtime that streams by itself, or None if the target has no such."""
    factory: Callable[..., Any] | None = load_plugin(SESSION_GROUP, target)
    return factory


def available_targets() -> list[str]:
    """Names of the targets that an executor is registered for."""
    return plugin_names(ENTRY_POINT_GROUP)


def open_executor(source: ExecutorSource) -> Executor:
    """Load `source` with the executor registered for its target.

    Raises:
        TargetError: no executor of that name, or its packages are not installed.
    """
    factory = load_plugin(ENTRY_POINT_GROUP, source.target)
    if factory is None:
        raise TargetError(source.target, "no executor runs this target", f"use one of {', '.join(available_targets())}")
    executor: Executor = factory(source)
    return executor
