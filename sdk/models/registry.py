"""The models the exporter can build, found through the entry point group ``nowface.models``.

A model is one folder that gives a `ModelEntry`; everything generic works on the `StagedModel` it builds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sdk.errors import UsageError
from sdk.plugins import load_plugin, plugin_names
from sdk.spec import FrameRate, PipelineSpec
from sdk.stage import Stage

ENTRY_POINT_GROUP = "nowface.models"


@dataclass(frozen=True)
class BuildOptions:
    """What the user may ask of a model at export.

    Attributes:
        checkpoint: published weights, or None for the embedded default.
        frame_rate: None for the model's own.
        lookahead_samples: samples of the future a frame may use; 0 is none.
        calibration: speech at 16 kHz, float32 in [-1, 1], that fixed statistics are measured on.
        template: vertices (V, 3) of the face at rest, or None for the model's default.
    """

    checkpoint: Path | None = None
    frame_rate: FrameRate | None = None
    lookahead_samples: int = 0
    calibration: NDArray[np.float32] | None = None
    template: NDArray[np.float32] | None = None

    def check_lookahead(self, trained: int) -> None:
        """The lookahead that is asked for is none, or the `trained` one: with another the face would be late or early.

        Raises:
            UsageError: it is another.
        """
        if self.lookahead_samples not in (0, trained):
            raise UsageError("lookahead", f"the model was trained with {trained} samples", "leave the option out")


@dataclass(frozen=True)
class ModelCard:
    """What the bundle's README says of the model."""

    title: str
    licence: str
    trained: bool
    description: str
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class SignalExample:
    """Values of a signal to try a model with, as test vectors do.

    Attributes:
        sample: (K,) int64 times on the 16 kHz clock, not decreasing.
        tensors: name -> (K, ...) values.
    """

    sample: NDArray[np.int64]
    tensors: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class StagedModel:
    """A model ready to deploy.

    Attributes:
        name: its name in the registry.
        config: JSON-able; with `weights` it rebuilds the stages (`ModelEntry.from_reference`).
        weights: state dict of all stages, keys ``STAGE.parameter``.
        stages: in the pipeline's order.
        pipeline: their specs and clocks.
        unit: unit of the pipeline's values, e.g. ``mm``.
        channels: names of the values' channels for a rig output; empty when the values are vertices.
        parameters: default of each session parameter.
        basis: linear read-out as morph targets, name -> array, e.g.
            ``basis`` (d, V, 3) and ``offset`` (V, 3); may be empty.
        card: what the README says.
        signals: an example of each signal of the pipeline; test vectors are recorded with it.
    """

    name: str
    config: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    stages: Sequence[Stage]
    pipeline: PipelineSpec
    unit: str
    card: ModelCard
    parameters: Mapping[str, NDArray[np.float32]]
    channels: tuple[str, ...] = ()
    basis: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    signals: Mapping[str, SignalExample] = field(default_factory=dict)


class ModelEntry(Protocol):
    """What a model folder gives the registry."""

    name: str
    summary: str

    def build(self, options: BuildOptions) -> StagedModel:
        """The embedded default, or the published checkpoint that `options` names."""
        ...

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        """Rebuild the stages from a bundle's configuration and reference weights."""
        ...


def model_names() -> list[str]:
    """Names of all registered models."""
    return plugin_names(ENTRY_POINT_GROUP)


def find_model(name: str) -> ModelEntry:
    """The model registered under `name`.

    Raises:
        UsageError: there is none.
    """
    entry: ModelEntry | None = load_plugin(ENTRY_POINT_GROUP, name)
    if entry is None:
        raise UsageError(name, "no such model", f"use one of {', '.join(model_names())}")
    return entry
