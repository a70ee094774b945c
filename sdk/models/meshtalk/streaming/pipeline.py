"""The streaming MeshTalk put together: stages, pipeline, and the whole as a `StagedModel`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sdk.models.meshtalk.model import MeshTalk
from sdk.models.meshtalk.streaming import weights
from sdk.models.meshtalk.streaming.audio_encoder import AudioEncoderStage
from sdk.models.meshtalk.streaming.config import HOP, StreamingConfig
from sdk.models.meshtalk.streaming.context_model import ContextModelStage
from sdk.models.meshtalk.streaming.expression_encoder import ExpressionEncoderStage, tracking_signal
from sdk.models.meshtalk.streaming.fusion import FusionStage
from sdk.models.meshtalk.streaming.geometry import GeometryDecoderStage, IdentityEncoderStage
from sdk.models.stage_weights import load_stages
from sdk.spec import PipelineSpec, TensorSpec
from sdk.stage import Stage


def build_stages(config: StreamingConfig) -> list[Stage]:
    """The stages in the order they run, with weights as torch draws them. Expression and fusion only with tracking."""
    stages: list[Stage] = [AudioEncoderStage(config.mel), IdentityEncoderStage(config)]
    if config.tracking:
        stages += [ExpressionEncoderStage(config, config.tracking), FusionStage(config.model)]
    stages += [ContextModelStage(config.model, config.tracking), GeometryDecoderStage(config)]
    return [stage.eval().requires_grad_(False) for stage in stages]


def stages_of(model: MeshTalk, config: StreamingConfig, columns_offset: float, regions: Tensor | None) -> list[Stage]:
    """Stages with the weights of a whole MeshTalk.

    Args:
        model: of the sizes in `config`.
        config: of the stream.
        columns_offset: see `sdk.models.meshtalk.streaming.weights.audio_encoder_weights`.
        regions: (V * P, R) with tracking: how far each number of a face belongs to each region; rows sum to 1.
    """
    silence = float(np.log(np.float32(config.mel.floor)))
    with torch.no_grad():
        tables = {
            "audio_encoder": weights.audio_encoder_weights(model.encoder.audio_encoder, columns_offset, silence),
            "identity_encoder": weights.identity_encoder_weights(model.vertex_unet),
            "context_model": weights.context_model_weights(model.context_model),
            "geometry_decoder": weights.geometry_decoder_weights(model.vertex_unet),
        }
        if config.tracking:
            assert regions is not None, "tracking needs regions"
            tables["expression_encoder"] = weights.expression_encoder_weights(model.encoder.expression_encoder, regions)
            tables["fusion"] = weights.fusion_weights(model.encoder.fusion_model)
    stages = build_stages(config)
    load_stages(stages, weights.joined(tables))
    return stages


def build_pipeline(config: StreamingConfig, stages: list[Stage]) -> PipelineSpec:
    """The stages' clocks, the session's template, and with tracking its signal."""
    return PipelineSpec(
        hop=HOP,
        frame_rate=config.frame_rate,
        lookahead_samples=config.lookahead_samples,
        parameters=(TensorSpec(name="template", shape=config.face_shape, unit=config.unit),),
        signals=(tracking_signal(config, config.tracking),) if config.tracking else (),
        stages=tuple(stage.spec for stage in stages),
        values="geometry_decoder.geometry",
    )
