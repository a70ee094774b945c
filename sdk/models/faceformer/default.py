"""The embedded default: the small log-mel encoder and the FaceFormer decoder on a procedural face.

Its weights are drawn from a seed. It is **untrained**: it proves the path from speech to a verified bundle, and its
motion means nothing.
"""

from __future__ import annotations

import torch

from sdk.models.faceformer.streaming_config import LogMelEncoderConfig, StreamingConfig
from sdk.models.registry import BuildOptions, ModelCard
from sdk.rigs.procedural_face import procedural_face
from sdk.spec import FrameRate
from sdk.stage import Stage

SEED = 20_221
STRENGTH = 0.12
"""Standard deviation of a shape's weight in the seeded motion: small enough that the mask stays a face."""

CARD = ModelCard(
    title="FaceFormer, embedded default (untrained)",
    licence="Apache-2.0",
    trained=False,
    description=(
        "A causal FaceFormer with a log-mel encoder of about one million parameters, on a face mask made by formula. "
        "The weights are drawn from a fixed seed: the motion is meaningless. Use it to try the tool chain, the "
        "bindings and the parity gate; bring your own checkpoint for motion that fits the speech."
    ),
)


def default_config(options: BuildOptions) -> StreamingConfig:
    """Sizes of the default: feature width 64 and FaceFormer's period of 30 frames, a window of 64 frames."""
    return StreamingConfig(
        encoder=LogMelEncoderConfig(),
        memory="interpolate",
        feature_dim=64,
        vertices=len(procedural_face().vertices),
        subjects=8,
        period=30,
        window=64,
        frame_rate=options.frame_rate or FrameRate(num=30),
        lookahead_samples=options.lookahead_samples,
    )


def seed_weights(stages: list[Stage]) -> None:
    """Draw every parameter from `SEED`, in the stages' order; the basis mixes the mask's shapes."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for stage in stages:
            for name, parameter in stage.named_parameters():
                if parameter.dim() == 2:
                    spread = (2.0 / sum(parameter.shape)) ** 0.5
                    parameter.normal_(0.0, spread, generator=generator)
                elif "norm" not in name:
                    parameter.normal_(0.0, 0.02, generator=generator)
        face = procedural_face()
        shapes = torch.stack([torch.from_numpy(shape).flatten() for shape in face.shapes.values()], 1)
        basis = stages[-1].get_parameter("basis.weight")
        width = basis.shape[1]
        mix = torch.randn(shapes.shape[1], width, generator=generator) * STRENGTH / width**0.5
        basis.copy_(shapes @ mix)
        stages[-2].get_parameter("offset").zero_()
