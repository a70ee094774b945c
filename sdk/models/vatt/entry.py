"""VATT as the registry sees it: the causal sound encoder and its way into the common space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sdk.errors import CheckpointError, UsageError
from sdk.models.registry import BuildOptions, ModelCard, StagedModel
from sdk.models.stage_weights import load_stages
from sdk.models.vatt.streaming.config import DEFAULT, StreamingConfig
from sdk.models.vatt.streaming.pipeline import build_stages, staged_model
from sdk.stage import Stage

SEED = 0
"""Of the untrained weights, so that every export writes the same ones."""

CARD = ModelCard(
    title="VATT, causal sound encoder, untrained",
    licence="Apache-2.0",
    trained=False,
    description="Raw samples to embeddings of unit length in a common space, causal. The weights are random.",
    notes=("Untrained: its embeddings mean nothing. It shows sizes, step times and that all targets agree.",),
)


class VattEntry:
    """Builds the untrained default."""

    name = "vatt"
    summary = "VATT (NeurIPS 2021), causal sound encoder into a common space; the embedded default is untrained"

    def build(self, options: BuildOptions) -> StagedModel:
        """The streaming model.

        Raises:
            CheckpointError: a checkpoint is given: published weights hear whole clips at 48 kHz and do not stream.
            UsageError: a template or a lookahead is given.
        """
        if options.checkpoint is not None:
            problem = "published VATT weights hear whole clips at 48 kHz and have no streaming form"
            raise CheckpointError(options.checkpoint, problem, "use them by Vatt.from_checkpoint")
        if options.template is not None:
            raise UsageError("template", "this model moves no face", "leave it out")
        options.check_lookahead(0)
        rate = options.frame_rate or DEFAULT.frame_rate
        config = DEFAULT.model_copy(update={"frame_rate": rate})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            stages = build_stages(config)
        return staged_model(self.name, config, stages, CARD)

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        """Stages from a bundle's configuration and reference weights."""
        stages = build_stages(StreamingConfig.model_validate(config["streaming"]))
        load_stages(stages, weights)
        return stages


ENTRY = VattEntry()
