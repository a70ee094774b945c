"""VATT as the registry sees it: the causal sound encoder, and with motion beside the sound the sync meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from sdk.errors import CheckpointError, UsageError
from sdk.models.registry import BuildOptions, ModelCard, StagedModel
from sdk.models.stage_weights import load_stages
from sdk.models.vatt.streaming.checkpoint import load_streaming
from sdk.models.vatt.streaming.config import StreamingConfig
from sdk.models.vatt.streaming.pipeline import build_stages, staged_model
from sdk.pretrained import VATT_SYNC
from sdk.stage import Stage

NOTES = ("Data, command, scores and known failures: `sdk/pretrained/vatt_sync/README.md`.",)

CARD = ModelCard(
    title="VATT, causal sound encoder",
    licence="Apache-2.0",
    trained=True,
    description="Raw samples to embeddings of unit length, in the space where sound and motion are compared.",
    notes=NOTES,
)

SYNC_CARD = ModelCard(
    title="VATT, sync meter",
    licence="Apache-2.0",
    trained=True,
    description=(
        "Raw samples and a rig's 52 ARKit-named channels to the likeness of their embeddings at each offset: how well "
        "a face fits a voice, and by how much it is early or late."
    ),
    notes=NOTES,
)


class VattEntry:
    """Builds the embedded weights, or those of a training run.

    Args:
        name: in the registry.
        summary: one line.
        sync: whether motion is compared with the sound.
        card: what the bundle says.
    """

    def __init__(self, name: str, summary: str, *, sync: bool, card: ModelCard) -> None:
        self.name, self.summary, self.sync, self.card = name, summary, sync, card

    def build(self, options: BuildOptions) -> StagedModel:
        """The streaming model.

        Raises:
            CheckpointError: the checkpoint is a file: published weights hear whole clips at 48 kHz and do not stream;
                or the folder is none of a training run.
            UsageError: a template or a lookahead is given, or for the sync meter another frame rate.
        """
        if options.checkpoint is not None and not options.checkpoint.is_dir():
            problem = "published VATT weights hear whole clips at 48 kHz and have no streaming form"
            mend = "use them by Vatt.from_checkpoint, or give the folder of a training run"
            raise CheckpointError(options.checkpoint, problem, mend)
        if options.template is not None:
            raise UsageError("template", "this model moves no face", "leave it out")
        options.check_lookahead(0)
        config, stages = self._trained(options.checkpoint or VATT_SYNC)
        rate = options.frame_rate or config.frame_rate
        if self.sync and rate != config.frame_rate:
            problem = f"the motion encoder was trained at {config.frame_rate} frames a second"
            raise UsageError("frame rate", problem, "leave the option out")
        config = config.model_copy(update={"frame_rate": rate})
        return staged_model(self.name, config, stages, self.card)

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        """Stages from a bundle's configuration and reference weights."""
        stages = build_stages(StreamingConfig.model_validate(config["streaming"]))
        load_stages(stages, weights)
        return stages

    def _trained(self, folder: Path) -> tuple[StreamingConfig, list[Stage]]:
        config, stages = load_streaming(folder)
        if self.sync:
            return config, stages
        return config.model_copy(update={"sync": None}), stages[:2]


ENTRY = VattEntry("vatt", "VATT (NeurIPS 2021), causal sound encoder into a common space", sync=False, card=CARD)
SYNC_ENTRY = VattEntry(
    "vatt_sync", "VATT with a rig's motion beside the sound: how well they fit", sync=True, card=SYNC_CARD
)
