"""The streaming FaceFormer of a mesh put together: stages, pipeline, and the whole as a `StagedModel`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdk.models.faceformer.audio_stages import audio_stages
from sdk.models.faceformer.hops import HOP
from sdk.models.faceformer.motion_decoder import Identity, MotionDecoder
from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.registry import ModelCard, StagedModel
from sdk.models.stage_weights import stage_weights
from sdk.spec import PipelineSpec, TensorSpec
from sdk.stage import Stage

NAME = "faceformer"


def build_stages(config: StreamingConfig, unit: str) -> list[Stage]:
    """Audio stages, identity, motion decoder, with weights as torch draws them.

    Args:
        config: the sizes.
        unit: of the vertices, e.g. ``mm``.
    """
    audio = audio_stages(config)
    stages = [*audio, Identity(config, unit), MotionDecoder(config, f"{audio[-1].name}.features", unit)]
    return [stage.eval().requires_grad_(False) for stage in stages]


def build_pipeline(config: StreamingConfig, stages: list[Stage], unit: str) -> PipelineSpec:
    """The stages' clocks and the session's parameters: a template (V, 3) and a style (1, S)."""
    return PipelineSpec(
        hop=HOP,
        frame_rate=config.frame_rate,
        lookahead_samples=config.lookahead_samples,
        parameters=(
            TensorSpec(name="template", shape=(config.vertices, 3), unit=unit),
            TensorSpec(name="style", shape=(1, config.subjects)),
        ),
        stages=tuple(stage.spec for stage in stages),
        values="motion_decoder.vertices",
    )


def read_out(stages: list[Stage]) -> dict[str, NDArray[np.float32]]:
    """The mesh as morph targets: ``vertices = template + offset + sum_i coefficients[i] * basis[i]``.

    Returns:
        ``basis`` (d, V, 3) and ``offset`` (V, 3), for an app that blends them on the GPU instead of reading vertices.
    """
    offset = stages[-2].get_parameter("offset").detach()
    basis = stages[-1].get_parameter("basis.weight").detach()
    return {"basis": basis.T.reshape(-1, *offset.shape).contiguous().numpy(), "offset": offset.clone().numpy()}


def staged_model(
    config: StreamingConfig,
    stages: list[Stage],
    *,
    unit: str,
    card: ModelCard,
    template: NDArray[np.float32],
) -> StagedModel:
    """Everything the exporter needs; the default style is the first subject."""
    style = np.zeros((1, config.subjects), np.float32)
    style[0, 0] = 1
    return StagedModel(
        name=NAME,
        config={"unit": unit, "streaming": config.model_dump(mode="json")},
        weights=stage_weights(stages),
        stages=stages,
        pipeline=build_pipeline(config, stages, unit),
        unit=unit,
        card=card,
        parameters={"template": np.ascontiguousarray(template, np.float32), "style": style},
        basis=read_out(stages),
    )
