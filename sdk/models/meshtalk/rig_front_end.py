"""The default's fixed front end on whole clips: level and log-mel as the audio encoder streams them."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from sdk.audio.logmel import BANDS, LogMel
from sdk.audio.whole_clip import level_clip
from sdk.models.meshtalk.streaming.config import HOP
from sdk.models.meshtalk.streaming.default import MEL

ROW_HOPS = 2
"""Columns a row: the trainer counts in rows of 20 ms."""
SILENCE = math.log(MEL.floor)
"""Value of a column of digital silence."""
CHUNK = 3000 * HOP
"""Samples a part (30 s), so that memory does not grow with the clip."""


@torch.no_grad()
def front_end(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural-log mel power of a clip from its start.

    Args:
        pcm: (N,) finite samples at 16 kHz in [-1, 1].

    Returns:
        (N // 320, 160), two columns a row, the older first.
    """
    whole = len(pcm) // (ROW_HOPS * HOP) * ROW_HOPS * HOP
    levelled = torch.from_numpy(level_clip(pcm[:whole], HOP))[None]
    mel = LogMel(HOP, MEL.window, MEL.n_fft, MEL.floor)
    state, rows = mel.init_state(), [np.zeros((0, ROW_HOPS * BANDS), np.float32)]
    for start in range(0, levelled.shape[1], CHUNK):
        columns, state = mel.step(levelled[:, start : start + CHUNK], state)
        rows.append(columns.reshape(-1, ROW_HOPS * BANDS).numpy())
    return np.concatenate(rows)
