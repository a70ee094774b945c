"""MeshTalk as the registry sees it: a face from sound alone, and a tracked face that the sound carries on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdk.errors import UsageError
from sdk.models.meshtalk.model import MeshTalk
from sdk.models.meshtalk.rig_checkpoint import load_rig
from sdk.models.meshtalk.streaming import default, published
from sdk.models.meshtalk.streaming.config import StreamingConfig
from sdk.models.meshtalk.streaming.example import tracked_example
from sdk.models.meshtalk.streaming.expression_encoder import SIGNAL
from sdk.models.meshtalk.streaming.pipeline import build_pipeline, build_stages, stages_of
from sdk.models.registry import BuildOptions, ModelCard, StagedModel
from sdk.models.stage_weights import load_stages, stage_weights
from sdk.models.trained_folder import CONFIG
from sdk.pretrained import weights_folder
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.stage import Stage


class MeshTalkEntry:
    """Builds the embedded default or a published checkpoint.

    Args:
        name: in the registry.
        summary: one line.
        tracking: whether a tracked face may be given beside the sound.
    """

    def __init__(self, name: str, summary: str, *, tracking: bool) -> None:
        self.name, self.summary, self.tracking = name, summary, tracking

    def build(self, options: BuildOptions) -> StagedModel:
        """The streaming model: the default, a folder of trained rig weights, or a published checkpoint.

        Raises:
            CheckpointError: the checkpoint is neither a published MeshTalk nor a folder that training wrote.
            UsageError: the template does not fit the model.
        """
        if options.checkpoint is None:
            return self._rig(weights_folder("meshtalk"), default.CARD, options)
        if (options.checkpoint / CONFIG).is_file():
            return self._rig(options.checkpoint, TRAINED_CARD, options)
        return self._published(options.checkpoint, options)

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        """Stages from a bundle's configuration and reference weights."""
        stages = build_stages(StreamingConfig.model_validate(config["streaming"]))
        load_stages(stages, weights)
        return stages

    def _rig(self, folder: Path, card: ModelCard, options: BuildOptions) -> StagedModel:
        """A folder that training wrote, at the frame rate that is asked for."""
        if options.template is not None:
            raise UsageError("template", "this model moves a rig's channels, on any face", "leave it out")
        trained = load_rig(folder)
        options.check_lookahead(trained.lookahead_samples)
        config = default.rig_config(
            trained.model.config,
            tracking=self.tracking,
            frame_rate=options.frame_rate,
            lookahead_samples=trained.lookahead_samples,
        )
        stages = stages_of(trained.model, config, 0.0, default.region_weights())
        shapes, rest = default_head().shapes, default_head().vertices
        staged = self._staged(config, stages, card, default.REST, channels=ARKIT_52)
        return replace(staged, basis={"basis": shapes.copy(), "offset": rest.copy()})

    def _published(self, checkpoint: Path, options: BuildOptions) -> StagedModel:
        if options.calibration is None:
            raise UsageError("calibration", "a published checkpoint needs speech to fix its level", "give some")
        model = MeshTalk.from_checkpoint(checkpoint)
        offset = published.column_offset(options.calibration)
        config = published.published_config(
            model.config,
            offset,
            tracking=self.tracking,
            frame_rate=options.frame_rate,
            lookahead_samples=options.lookahead_samples,
        )
        template = model.vertex_unet.mean[0, 0].numpy() if options.template is None else options.template
        if template.shape != config.face_shape:
            problem = f"shape {template.shape} instead of {config.face_shape}"
            raise UsageError("template", problem, "give a face of the mesh that the model was trained on")
        regions = torch.ones(model.config.numbers, len(published.REGIONS))
        stages = stages_of(model, config, offset, regions)
        card = _published_card(config, has_template=options.template is not None)
        return self._staged(config, stages, card, np.ascontiguousarray(template, np.float32))

    def _staged(
        self,
        config: StreamingConfig,
        stages: list[Stage],
        card: ModelCard,
        template: NDArray[np.float32],
        channels: tuple[str, ...] = (),
    ) -> StagedModel:
        return StagedModel(
            name=self.name,
            config={"streaming": config.model_dump(mode="json")},
            weights=stage_weights(stages),
            stages=stages,
            pipeline=build_pipeline(config, stages),
            unit=config.unit,
            card=card,
            parameters={"template": template},
            channels=channels,
            signals={SIGNAL: tracked_example(config, template)} if config.tracking else {},
        )


TRAINED_CARD = ModelCard(
    title="MeshTalk on the default head",
    licence="that of its training data",
    trained=True,
    description="A small streaming MeshTalk that moves 52 ARKit-named channels, from weights of a training run.",
)


def _published_card(config: StreamingConfig, *, has_template: bool) -> ModelCard:
    notes = [
        "The published model hears half a second beyond each frame. Without that future the motion is its motion of "
        "half a second ago: export with --lookahead 8134 for the published timing, or distil a causal student.",
        "MeshTalk's code, weights and assets are CC BY-NC 4.0: not for commercial use.",
    ]
    if config.frame_rate != published.RATE:
        notes.append(f"Trained at {published.RATE} frames a second, exported at {config.frame_rate}.")
    if not has_template:
        notes.append("Exported without a template: the mean face of the training data speaks.")
    return ModelCard(
        title="MeshTalk, published checkpoint, streaming form",
        licence="CC-BY-NC-4.0",
        trained=True,
        description="The published weights on one global grid of mel columns, with declared lookahead.",
        notes=notes,
    )


ENTRY = MeshTalkEntry("meshtalk", "MeshTalk (ICCV 2021), streaming, from sound alone", tracking=False)
TRACKING_ENTRY = MeshTalkEntry(
    "meshtalk_tracking", "MeshTalk with a tracked face beside the sound, which carries it on when lost", tracking=True
)
