"""VATT as the registry sees it: the causal sound encoder, and with motion beside the sound the sync meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sdk.errors import CheckpointError, UsageError
from sdk.models.registry import BuildOptions, ModelCard, StagedModel
from sdk.models.stage_weights import load_stages
from sdk.models.vatt.streaming.config import DEFAULT, DEFAULT_SYNC, StreamingConfig
from sdk.models.vatt.streaming.pipeline import build_stages, staged_model
from sdk.stage import Stage

SEED = 0
"""Of the untrained weights, so that every export writes the same ones."""

UNTRAINED = ("Untrained: what it puts out means nothing. It shows sizes, step times and that all targets agree.",)

CARD = ModelCard(
    title="VATT, causal sound encoder, untrained",
    licence="Apache-2.0",
    trained=False,
    description="Raw samples to embeddings of unit length in a common space, causal. The weights are random.",
    notes=UNTRAINED,
)

SYNC_CARD = ModelCard(
    title="VATT, sync meter, untrained",
    licence="Apache-2.0",
    trained=False,
    description="Raw samples and a rig's channels to the cosine of their embeddings at each offset. Random weights.",
    notes=UNTRAINED,
)


class VattEntry:
    """Builds an untrained default.

    Args:
        name: in the registry.
        summary: one line.
        config: sizes.
        card: what the bundle says.
    """

    def __init__(self, name: str, summary: str, config: StreamingConfig, card: ModelCard) -> None:
        self.name, self.summary, self.config, self.card = name, summary, config, card

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
        config = self.config.model_copy(update={"frame_rate": options.frame_rate or self.config.frame_rate})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            stages = build_stages(config)
        return staged_model(self.name, config, stages, self.card)

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        """Stages from a bundle's configuration and reference weights."""
        stages = build_stages(StreamingConfig.model_validate(config["streaming"]))
        load_stages(stages, weights)
        return stages


ENTRY = VattEntry("vatt", "VATT (NeurIPS 2021), causal sound encoder into a common space; untrained", DEFAULT, CARD)
SYNC_ENTRY = VattEntry(
    "vatt_sync", "VATT with a rig's motion beside the sound: how well they fit; untrained", DEFAULT_SYNC, SYNC_CARD
)
