"""FaceFormer as the registry sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sdk.errors import CheckpointError, UsageError
from sdk.models.faceformer.causalise import causal_stages, streaming_config
from sdk.models.faceformer.default import CARD
from sdk.models.faceformer.model import FaceFormer
from sdk.models.faceformer.rig import build_rig_stages, rig_model
from sdk.models.faceformer.rig_checkpoint import load_rig
from sdk.models.faceformer.streaming import NAME, build_stages, staged_model
from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.registry import BuildOptions, ModelCard, StagedModel
from sdk.models.stage_weights import load_stages
from sdk.pretrained import weights_folder
from sdk.spec import FrameRate
from sdk.stage import Stage

UNITS = {"vocaset": "m", "biwi": "normalised"}
"""VOCASET's meshes are in metres; BIWI's as FaceFormer uses them are normalised, without a unit."""


class FaceFormerEntry:
    """Builds the embedded default or a published checkpoint."""

    name = NAME
    summary = "FaceFormer (CVPR 2022), causal"

    def build(self, options: BuildOptions) -> StagedModel:
        """The streaming model: the default, a folder of trained rig weights, or a published checkpoint.

        Raises:
            CheckpointError: the checkpoint is neither a published FaceFormer nor a folder that training wrote.
            UsageError: the template has another number of vertices than the model, or the model has none.
        """
        if options.checkpoint is None:
            return self._rig(weights_folder(NAME), CARD, options)
        if options.checkpoint.is_dir():
            return self._rig(options.checkpoint, TRAINED_CARD, options)
        return self._published(options.checkpoint, options)

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        """Stages from a bundle's configuration and reference weights."""
        sizes = StreamingConfig.model_validate(config["streaming"])
        stages = build_rig_stages(sizes) if sizes.channels else build_stages(sizes, config["unit"])
        load_stages(stages, weights)
        return [stage.eval().requires_grad_(False) for stage in stages]

    def _rig(self, folder: Path, card: ModelCard, options: BuildOptions) -> StagedModel:
        """A folder that training wrote, at the frame rate that is asked for."""
        if options.template is not None:
            raise UsageError("template", "this model moves a rig's channels, on any face", "leave it out")
        trained = load_rig(folder)
        options.check_lookahead(trained.config.lookahead_samples)
        config = trained.config
        if options.frame_rate and options.frame_rate != config.frame_rate:
            note = f"Trained at {config.frame_rate} frames a second, exported at {options.frame_rate}."
            card = replace(card, notes=(*card.notes, note))
            config = config.model_copy(update={"frame_rate": options.frame_rate})
        return rig_model(config, trained.stages, card)

    def _published(self, checkpoint: Path, options: BuildOptions) -> StagedModel:
        if options.calibration is None:
            raise UsageError("calibration", "a published checkpoint needs speech to fix its statistics", "give some")
        model = FaceFormer.from_checkpoint(checkpoint)
        numbers = model.config.vertice_dim
        if numbers % 3:
            raise CheckpointError(checkpoint, f"moves {numbers} numbers, not whole vertices", "give a published one")
        config, unit = streaming_config(model.config, options), UNITS[model.config.dataset]
        stages = causal_stages(model, config, unit, options.calibration)
        template = _template(options, np.zeros((config.vertices, 3), np.float32))
        card = _published_card(model, config, has_template=options.template is not None)
        return staged_model(config, stages, unit=unit, card=card, template=template)


TRAINED_CARD = ModelCard(
    title="FaceFormer on the default head",
    licence="that of its training data",
    trained=True,
    description="A causal FaceFormer with a log-mel encoder that moves 52 ARKit-named channels.",
)


def _template(options: BuildOptions, default: NDArray[np.float32]) -> NDArray[np.float32]:
    if options.template is None:
        return default
    if options.template.shape != default.shape:
        found, wanted = options.template.shape, default.shape
        raise UsageError(
            "template", f"shape {found} instead of {wanted}", "give the face that the model was trained on"
        )
    return options.template


def _published_card(model: FaceFormer, config: StreamingConfig, *, has_template: bool) -> ModelCard:
    rate = FrameRate(num=model.config.frame_rate)
    notes = [
        "The published model reads the whole clip. This form is causal; its motion differs from the offline model's.",
        "The published weights carry no licence of their own; VOCASET and BIWI are for research only.",
    ]
    if config.frame_rate != rate:
        notes.append(f"Trained at {rate} frames a second, exported at {config.frame_rate}: the motion's pace changes.")
    if not has_template:
        notes.append("Exported without a template: vertices are displacements until the session is given one.")
    return ModelCard(
        title=f"FaceFormer, published {model.config.dataset} checkpoint, causal form",
        licence="not stated by the publisher",
        trained=True,
        description="The published wav2vec 2.0 and decoder weights in a causal form with declared lookahead.",
        notes=notes,
    )


ENTRY = FaceFormerEntry()
