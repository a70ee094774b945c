"""The embedded default: a small MeshTalk whose face is the 52 channels of the default head."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sdk.audio.logmel import FLOOR, N_FFT, WINDOW
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.streaming.config import MelConfig, StreamingConfig, TrackingConfig
from sdk.models.registry import ModelCard
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate

REGIONS = ("upper_face", "mouth")
UPPER_FACE = ("brow", "eye", "cheekSquint", "noseSneer")
"""Beginnings of the names of the channels that a headset's eye cameras see; all others are the mouth's."""

MEL = MelConfig(window=WINDOW, n_fft=N_FFT, floor=FLOOR)
FLOOR_OF_TRUST = 0.5
"""Without it the face that is lost was 4.7 mm off in the lip gap, with it 2.8 mm: the fusion has learnt with regions
hidden, and knows more of the sound than the context model (`sdk/pretrained/meshtalk/README.md`)."""
REST = np.zeros((1, len(ARKIT_52)), np.float32)

CARD = ModelCard(
    title="MeshTalk, embedded default",
    licence="Apache-2.0",
    trained=True,
    description=(
        "A small MeshTalk that streams without lookahead: 8 categorical heads of 32 classes drive the 52 ARKit-named "
        "channels of the default head, from sound alone or from sound and a tracked face. It learnt from generated "
        "English speech and a rule-based articulation teacher; no face was ever recorded for it."
    ),
    notes=("Data, command, scores and known failures: `sdk/pretrained/meshtalk/README.md`.",),
)


def rig_config(
    model: MeshTalkConfig, *, tracking: bool, frame_rate: FrameRate | None, lookahead_samples: int
) -> StreamingConfig:
    """Sizes of the streaming form of a MeshTalk on a rig's channels."""
    return StreamingConfig(
        model=model,
        mel=MEL,
        tracking=TrackingConfig(regions=REGIONS, floor=FLOOR_OF_TRUST) if tracking else None,
        bounded=True,
        unit="1",
        frame_rate=frame_rate or FrameRate(num=30),
        lookahead_samples=lookahead_samples,
    )


def region_weights() -> Tensor:
    """How far each channel belongs to each of `REGIONS`, (52, 2)."""
    upper = torch.tensor([[float(name.startswith(UPPER_FACE))] for name in ARKIT_52])
    return torch.cat([upper, 1 - upper], 1)
