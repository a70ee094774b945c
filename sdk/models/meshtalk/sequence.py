"""The audio encoder on running columns instead of a second of sound a frame: what it computes in a stream, at once.

For training: the published form computes 101 columns for each frame, this one each column once.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from sdk.models.meshtalk.encoder import DILATIONS, KERNEL, AudioEncoder

REACH = (KERNEL - 1) * (1 + sum(DILATIONS))
"""Columns before the newest that a code depends on: 100."""


def encode_running(encoder: AudioEncoder, columns: Tensor, silence: float) -> Tensor:
    """Codes of every column, each from the 101 columns that end with it.

    Args:
        encoder: dropping out in training mode, as published.
        columns: (B, n, 80).
        silence: value of the columns before the first.

    Returns:
        (B, n, 128).
    """
    before = F.pad(columns.mT, (REACH, 0), value=silence)
    codes: Tensor = encoder.code(encoder.convolve(before).mT)
    return codes
