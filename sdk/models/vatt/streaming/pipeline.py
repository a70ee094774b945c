"""The streaming VATT put together: stages, pipeline, and the whole as a `StagedModel`."""

from __future__ import annotations

from sdk.models.registry import ModelCard, StagedModel
from sdk.models.stage_weights import stage_weights
from sdk.models.vatt.streaming.config import StreamingConfig
from sdk.models.vatt.streaming.stages import AudioEncoderStage, AudioHeadStage
from sdk.spec import PipelineSpec
from sdk.stage import Stage


def build_stages(config: StreamingConfig) -> list[Stage]:
    """The stages in the order they run, with weights as torch draws them."""
    stages = [AudioEncoderStage(config.audio), AudioHeadStage(config.audio.transformer.width, config.space)]
    return [stage.eval().requires_grad_(False) for stage in stages]


def build_pipeline(config: StreamingConfig, stages: list[Stage]) -> PipelineSpec:
    """The stages' clocks; a frame shows the sound's embedding."""
    return PipelineSpec(
        hop=config.audio.patch,
        frame_rate=config.frame_rate,
        stages=tuple(stage.spec for stage in stages),
        values="audio_head.embedding",
    )


def staged_model(name: str, config: StreamingConfig, stages: list[Stage], card: ModelCard) -> StagedModel:
    """Everything the exporter needs."""
    return StagedModel(
        name=name,
        config={"streaming": config.model_dump(mode="json")},
        weights=stage_weights(stages),
        stages=stages,
        pipeline=build_pipeline(config, stages),
        unit="1",
        card=card,
        channels=tuple(f"space_{index}" for index in range(config.space)),
        parameters={},
    )
