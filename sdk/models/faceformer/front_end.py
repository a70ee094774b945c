"""The log-mel encoder's fixed front end on whole clips: level and log-mel, a row a hop, as the encoder streams them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from sdk.audio.logmel import LogMel
from sdk.audio.whole_clip import level_clip
from sdk.models.faceformer.hops import HOP
from sdk.models.faceformer.logmel_encoder import BINS, COLUMNS

FEATURES = COLUMNS * BINS
"""Numbers a row: two columns of 80 bands, the older first."""
CHUNK = 1500 * HOP
"""Samples a part (30 s), so that memory does not grow with the clip."""


@torch.no_grad()
def front_end(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural-log mel power of a clip from its start.

    Args:
        pcm: (N,) finite samples at 16 kHz in [-1, 1].

    Returns:
        (N // 320, 160); row k depends on no sample from ``(k + 1) * 320`` on.
    """
    levelled = torch.from_numpy(level_clip(pcm, HOP))[None]
    mel = LogMel()
    state, rows = mel.init_state(), [np.zeros((0, FEATURES), np.float32)]
    for start in range(0, levelled.shape[1], CHUNK):
        columns, state = mel.step(levelled[:, start : start + CHUNK], state)
        rows.append(columns.reshape(-1, FEATURES).numpy())
    return np.concatenate(rows)
