"""The embedded default: a small log-mel encoder and the FaceFormer decoder on the default head's 52 channels.

Until trained weights ship beside `sdk.pretrained`, its weights are drawn from a seed: it is **untrained**, proves the
path from speech to a verified bundle, and its motion means nothing.
"""

from __future__ import annotations

import torch

from sdk.models.faceformer.rig_decoder import SCALE
from sdk.models.faceformer.streaming_config import LogMelEncoderConfig, StreamingConfig
from sdk.models.registry import BuildOptions, ModelCard
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate
from sdk.stage import Stage

SEED = 20_221
STRENGTH, RESTING = 0.1, 0.15
"""Spread and mean of the channels' weights in the seeded motion: most are within (0, 1), some meet its bounds."""

CARD = ModelCard(
    title="FaceFormer, embedded default (untrained)",
    licence="Apache-2.0",
    trained=False,
    description=(
        "A causal FaceFormer with a log-mel encoder of about one million parameters, that moves the 52 ARKit-named "
        "channels of the default head. The weights are drawn from a fixed seed: the motion is meaningless. Use it to "
        "try the tool chain, the bindings and the parity gate; train it, or bring your own checkpoint, for motion that "
        "fits the speech."
    ),
)


def rig_config(
    *,
    encoder: LogMelEncoderConfig | None = None,
    feature_dim: int = 128,
    heads: int = 4,
    period: int = 30,
    window: int = 64,
    frame_rate: FrameRate | None = None,
    lookahead_samples: int = 0,
) -> StreamingConfig:
    """Sizes of a FaceFormer on the default head: 1.3 million parameters as they stand.

    FaceFormer's period of 30 frames; one subject, as the teacher is one speaker.
    """
    return StreamingConfig(
        encoder=encoder or LogMelEncoderConfig(),
        memory="stack",
        feature_dim=feature_dim,
        heads=heads,
        channels=ARKIT_52,
        subjects=1,
        period=period,
        window=window,
        frame_rate=frame_rate or FrameRate(num=30),
        lookahead_samples=lookahead_samples,
    )


def default_config(options: BuildOptions) -> StreamingConfig:
    """Sizes of the default under the export's options."""
    return rig_config(frame_rate=options.frame_rate, lookahead_samples=options.lookahead_samples)


def seed_weights(stages: list[Stage]) -> None:
    """Draw every parameter from `SEED`, in the stages' order."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for stage in stages:
            for name, parameter in stage.named_parameters():
                if parameter.dim() == 2:
                    spread = (2.0 / sum(parameter.shape)) ** 0.5
                    parameter.normal_(0.0, spread, generator=generator)
                elif "norm" not in name:
                    parameter.normal_(0.0, 0.02, generator=generator)
        leave = stages[-1].get_parameter("leave.weight")
        leave.mul_(STRENGTH / SCALE / (leave.std() * leave.shape[1] ** 0.5))
        stages[-1].get_parameter("leave.bias").fill_(RESTING / SCALE)
