"""The streaming FaceFormer of a rig put together: stages, pipeline, and the whole as a `StagedModel`."""

from __future__ import annotations

import numpy as np

from sdk.models.faceformer.audio_stages import audio_stages
from sdk.models.faceformer.hops import HOP
from sdk.models.faceformer.rig_decoder import RigDecoder, Speaker
from sdk.models.faceformer.streaming import NAME
from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.registry import ModelCard, StagedModel
from sdk.models.stage_weights import stage_weights
from sdk.rigs.head import default_head
from sdk.spec import PipelineSpec, TensorSpec
from sdk.stage import Stage

WEIGHT = "1"
"""Unit of a channel's weight: a pure number."""


def build_rig_stages(config: StreamingConfig) -> list[Stage]:
    """Audio stages, speaker, rig decoder, with weights as torch draws them."""
    audio = audio_stages(config)
    return [*audio, Speaker(config), RigDecoder(config, f"{audio[-1].name}.features")]


def rig_pipeline(config: StreamingConfig, stages: list[Stage]) -> PipelineSpec:
    """The stages' clocks and the session's parameter: a style (1, S)."""
    return PipelineSpec(
        hop=HOP,
        frame_rate=config.frame_rate,
        lookahead_samples=config.lookahead_samples,
        parameters=(TensorSpec(name="style", shape=(1, config.subjects)),),
        stages=tuple(stage.spec for stage in stages),
        values="motion_decoder.weights",
    )


def rig_model(config: StreamingConfig, stages: list[Stage], card: ModelCard) -> StagedModel:
    """Everything the exporter needs; the default style is the first subject.

    `basis` is the default head's: ``vertices = offset + sum_i weights[i] * basis[i]`` in millimetres.
    """
    style = np.zeros((1, config.subjects), np.float32)
    style[0, 0] = 1
    head = default_head()
    assert config.channels == head.channels, "the default head has these channels"
    return StagedModel(
        name=NAME,
        config={"unit": WEIGHT, "streaming": config.model_dump(mode="json")},
        weights=stage_weights(stages),
        stages=[stage.eval().requires_grad_(False) for stage in stages],
        pipeline=rig_pipeline(config, stages),
        unit=WEIGHT,
        card=card,
        parameters={"style": style},
        channels=config.channels,
        basis={"basis": np.array(head.shapes), "offset": np.array(head.vertices)},
    )
