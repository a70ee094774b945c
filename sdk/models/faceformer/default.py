"""The embedded default: a small log-mel encoder and the FaceFormer decoder on the default head's 52 channels.

Its weights, and the card that says what they were trained on and what they reach, are in `sdk.pretrained`.
"""

from __future__ import annotations

from sdk.models.faceformer.streaming_config import LogMelEncoderConfig, StreamingConfig
from sdk.models.registry import ModelCard
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate

CARD = ModelCard(
    title="FaceFormer, embedded default",
    licence="Apache-2.0",
    trained=True,
    description=(
        "A causal FaceFormer with a log-mel encoder of about one million parameters, that moves the 52 ARKit-named "
        "channels of the default head without lookahead. It learnt from generated English speech and a rule-based "
        "articulation teacher; no face was ever recorded for it."
    ),
    notes=(
        "Eyes do not blink: blinks cannot be heard. `sdk.rigs.blinks` adds them at run time.",
        "Data, command, scores and known failures: `sdk/pretrained/faceformer/README.md`.",
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
