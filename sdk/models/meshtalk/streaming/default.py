"""The embedded default: a small MeshTalk whose face is the 52 channels of the default head."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sdk.audio.logmel import FLOOR, N_FFT, WINDOW
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.model import MeshTalk
from sdk.models.meshtalk.streaming.config import MelConfig, StreamingConfig, TrackingConfig
from sdk.models.registry import BuildOptions, ModelCard
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate

SEED = 20_212
REGIONS = ("upper_face", "mouth")
UPPER_FACE = ("brow", "eye", "cheekSquint", "noseSneer")
"""Beginnings of the names of the channels that a headset's eye cameras see; all others are the mouth's."""

MODEL = MeshTalkConfig(heads=8, classes=32, vertices=len(ARKIT_52), point_size=1, head_width=32)
MEL = MelConfig(window=WINDOW, n_fft=N_FFT, floor=FLOOR)
LOGIT_STRENGTH = 0.1
"""Keeps the seeded logits within a few nats, as a trained context model's are: uncertain, so that the noise matters."""
REST = np.zeros((1, len(ARKIT_52)), np.float32)

CARD = ModelCard(
    title="MeshTalk, embedded default (untrained)",
    licence="Apache-2.0",
    trained=False,
    description=(
        "A small MeshTalk that streams: 8 categorical heads of 32 classes drive the 52 ARKit-named channels. The "
        "weights are drawn from a fixed seed: the motion is meaningless. Use it to try the tool chain, the bindings "
        "and the parity gate; bring your own checkpoint for motion that fits the speech."
    ),
)


def rig_config(model: MeshTalkConfig, options: BuildOptions, *, tracking: bool) -> StreamingConfig:
    """Sizes of the streaming form of a MeshTalk on a rig's channels."""
    return StreamingConfig(
        model=model,
        mel=MEL,
        tracking=TrackingConfig(regions=REGIONS) if tracking else None,
        bounded=True,
        unit="1",
        frame_rate=options.frame_rate or FrameRate(num=30),
        lookahead_samples=options.lookahead_samples,
    )


def default_model() -> MeshTalk:
    """The default with its weights, in evaluation mode."""
    model = MeshTalk(MODEL)
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for parameter in model.parameters():
            spread = (2.0 / sum(parameter.shape[:2])) ** 0.5 if parameter.dim() > 1 else 0.02
            parameter.normal_(0.0, spread, generator=generator)
        model.context_model.logits.masked_linear.weight.mul_(LOGIT_STRENGTH)
    return model.eval()


def region_weights() -> Tensor:
    """How far each channel belongs to each of `REGIONS`, (52, 2)."""
    upper = torch.tensor([[float(name.startswith(UPPER_FACE))] for name in ARKIT_52])
    return torch.cat([upper, 1 - upper], 1)
