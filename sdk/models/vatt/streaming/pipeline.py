"""The streaming VATT put together: stages, pipeline, and the whole as a `StagedModel`."""

from __future__ import annotations

import numpy as np

from sdk.models.registry import ModelCard, SignalExample, StagedModel
from sdk.models.stage_weights import stage_weights
from sdk.models.vatt.streaming.config import StreamingConfig, SyncConfig
from sdk.models.vatt.streaming.motion_stage import SIGNAL, MotionEncoderStage, motion_signal
from sdk.models.vatt.streaming.stages import AudioEncoderStage, AudioHeadStage
from sdk.models.vatt.streaming.sync_meter import SyncMeterStage
from sdk.spec import SAMPLE_RATE, PipelineSpec
from sdk.stage import Stage

EXAMPLE_SECONDS = 60
"""Of made-up motion, beside which test vectors are recorded."""


def build_stages(config: StreamingConfig) -> list[Stage]:
    """The stages in the order they run, with weights as torch draws them."""
    stages: list[Stage] = [
        AudioEncoderStage(config.audio),
        AudioHeadStage(config.audio.transformer.width, config.space),
    ]
    if config.sync:
        stages += [MotionEncoderStage(config.sync, config.space), SyncMeterStage(config.sync, config.space)]
    return [stage.eval().requires_grad_(False) for stage in stages]


def build_pipeline(config: StreamingConfig, stages: list[Stage]) -> PipelineSpec:
    """The stages' clocks; a frame shows the meter's scores, or without it the sound's embedding."""
    return PipelineSpec(
        hop=config.audio.patch,
        frame_rate=config.frame_rate,
        signals=(motion_signal(config.sync),) if config.sync else (),
        stages=tuple(stage.spec for stage in stages),
        values="sync_meter.scores" if config.sync else "audio_head.embedding",
    )


def value_names(config: StreamingConfig) -> tuple[str, ...]:
    """What a frame's values are called: lags in frames of the sound behind the motion, or places in the space."""
    if config.sync is None:
        return tuple(f"space_{index}" for index in range(config.space))
    reach = config.sync.reach
    early, late = ([f"{word}_{lag}" for lag in range(1, reach + 1)] for word in ("early", "late"))
    return (*reversed(early), "together", *late)


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
        channels=value_names(config),
        parameters={},
        signals={SIGNAL: motion_example(config.sync)} if config.sync else {},
    )


def motion_example(config: SyncConfig) -> SignalExample:
    """Made-up motion at 30 frames a second: each number goes up and down at its own pace, and is lost for a while."""
    frames = 30 * EXAMPLE_SECONDS
    time = np.arange(frames)[:, None] / 30
    values = 0.4 - 0.4 * np.cos(2 * np.pi * time * (0.5 + np.arange(config.numbers) % 7 / 2))
    seen = np.ones((frames, 1))
    seen[60:75] = 0
    values[60:75] = 0
    return SignalExample(
        sample=np.arange(frames, dtype=np.int64) * (SAMPLE_RATE // 30),
        tensors={"values": values[:, None].astype(np.float32), "seen": seen[:, None].astype(np.float32)},
    )
