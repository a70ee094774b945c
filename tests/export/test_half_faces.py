"""Faces in millimetres through programs in half precision: no coordinate is rounded to the steps of half precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from export.precision import FP16
from export.targets.base import LoweringOptions, find_target
from sdk.models.meshtalk.streaming.config import StreamingConfig
from sdk.models.meshtalk.streaming.expression_encoder import ExpressionEncoderStage
from sdk.models.meshtalk.streaming.geometry import GeometryDecoderStage, IdentityEncoderStage
from sdk.models.meshtalk.streaming.published import published_config
from sdk.models.meshtalk.streaming.weights import (
    expression_encoder_weights,
    geometry_decoder_weights,
    identity_encoder_weights,
)
from sdk.runtime.executor import Array, ExecutorSource, open_executor
from sdk.stage import Stage
from tests.export.coreml_loops import pipeline_of
from tests.export.lowering import run_eager, zero_state
from tests.models.meshtalk.small import small_meshtalk

VERTICES = 400
FAR = 150.0
"""Millimetres from the origin: there half precision has steps of 0.125 mm."""


def faces() -> tuple[StreamingConfig, dict[str, Stage], Array]:
    """A MeshTalk whose mean face lies around `FAR`: its sizes, the stages that read or write faces, and that face."""
    model = small_meshtalk(vertices=VERTICES)
    for part in (model.encoder.expression_encoder, model.vertex_unet):
        part.mean.copy_(FAR + torch.rand(part.mean.shape, generator=torch.Generator().manual_seed(7)))
    config = published_config(model.config, 0.0, tracking=True, frame_rate=None, lookahead_samples=0)
    assert config.tracking is not None
    stages = IdentityEncoderStage(config), GeometryDecoderStage(config), ExpressionEncoderStage(config, config.tracking)
    tables = (
        identity_encoder_weights(model.vertex_unet),
        geometry_decoder_weights(model.vertex_unet),
        expression_encoder_weights(model.encoder.expression_encoder, torch.ones(3 * VERTICES, 1)),
    )
    for stage, table in zip(stages, tables, strict=True):
        stage.load_state_dict(table)
        stage.eval().requires_grad_(False)
    return config, {stage.name: stage for stage in stages}, model.vertex_unet.mean[0, 0].numpy()


@pytest.mark.parametrize("target", ["onnx", "coreml"])
@pytest.mark.parametrize("name", ["identity_encoder", "geometry_decoder", "expression_encoder"])
def test_a_face_far_from_the_origin_keeps_its_millimetres(name: str, target: str, tmp_path: Path) -> None:
    """Oracle: the stage in PyTorch, in 32 bits. A face at the mean, or a little beside it, is what matters: there the
    difference to the mean would be rounding alone."""
    config, stages, mean = faces()
    stage, generator = stages[name], np.random.default_rng(0)
    beside = (mean + generator.normal(0, 0.3, mean.shape)).astype(np.float32)
    inputs = {each.name: generator.normal(0, 0.5, each.shape).astype(np.float32) for each in stage.spec.inputs}
    inputs |= {
        "identity_encoder": {"template": mean.reshape(config.face_shape)},
        "geometry_decoder": {"rest": mean.reshape(config.face_shape)},
        "expression_encoder": {
            "expression": beside.reshape(config.face_shape),
            "confidence": np.ones((1, 1), np.float32),
        },
    }[name]
    inputs |= zero_state(stage.spec)
    path = tmp_path / f"{name}{find_target(target).suffix}"
    find_target(target).lower(stage, FP16, path, LoweringOptions())
    source = ExecutorSource(target, "fp16", pipeline_of(stage), {name: path})
    wanted, found = run_eager(stage, inputs), open_executor(source).run(name, inputs)
    for tensor in stage.spec.outputs:
        error = np.abs(found[tensor.name] - wanted[tensor.name]).max()
        allowed = 0.01 if tensor.unit == "mm" else 5e-3 * np.abs(wanted[tensor.name]).max()
        assert error < allowed, (tensor.name, error)
