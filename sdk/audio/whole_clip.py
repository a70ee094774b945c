"""The front end on whole clips, hundreds of times faster than hop by hop: for preparing hours of speech.

The level's averages go from hop to hop and cannot be made parallel, but they are a few numbers a hop; all that touches
samples is done at once.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from sdk.audio.level import (
    ACTIVITY_FLOOR_DBFS,
    LEAK,
    PRIOR_DBFS,
    PRIOR_WEIGHT,
    RELATIVE_FLOOR_DB,
    SCALE,
    WINDOW_SECONDS,
)
from sdk.audio.logmel import BANDS, STRIDE, LogMel
from sdk.spec import SAMPLE_RATE

ROW_COLUMNS = 2
"""Log-mel columns a row: training counts in rows of 20 ms."""
CHUNK = 30 * SAMPLE_RATE
"""Samples of log-mel at once, so that memory does not grow with the clip."""


@torch.no_grad()
def log_mel_clip(pcm: NDArray[np.float32], mel: LogMel) -> NDArray[np.float32]:
    """Natural-log mel power of a clip from its start, levelled: what a stage with `mel` computes in a stream.

    Args:
        pcm: (N,) finite samples at 16 kHz in [-1, 1].
        mel: of a hop that divides 320.

    Returns:
        (N // 320, 160), two columns a row, the older first; row k depends on no sample from ``(k + 1) * 320`` on.
    """
    row = ROW_COLUMNS * STRIDE
    levelled = torch.from_numpy(level_clip(pcm[: len(pcm) // row * row], mel.hop))[None]
    state, rows = mel.init_state(), [np.zeros((0, ROW_COLUMNS * BANDS), np.float32)]
    for start in range(0, levelled.shape[1], CHUNK):
        columns, state = mel.step(levelled[:, start : start + CHUNK], state)
        rows.append(columns.reshape(-1, ROW_COLUMNS * BANDS).numpy())
    return np.concatenate(rows)


def level_clip(pcm: NDArray[np.float32], hop: int) -> NDArray[np.float32]:
    """What `sdk.audio.level.LevelNormaliser` gives for a clip from its start, within rounding.

    Args:
        pcm: (N,) finite samples at 16 kHz; a last part of a hop is left out.
        hop: samples of a step.

    Returns:
        (N // hop * hop,) of about unit variance.
    """
    hops = pcm[: len(pcm) // hop * hop].reshape(-1, hop).astype(np.float64) * SCALE
    rate = hop / (WINDOW_SECONDS * SAMPLE_RATE)
    floor, relative_floor = _power(ACTIVITY_FLOOR_DBFS), float(10 ** (RELATIVE_FLOOR_DB / 10))
    prior_power = _power(PRIOR_DBFS)
    offsets, gains = np.empty(len(hops)), np.empty(len(hops))
    age = mean = weight = power = 0.0
    for index, (average, square) in enumerate(zip(hops.mean(1).tolist(), (hops**2).mean(1).tolist(), strict=True)):
        age += rate * (1 - age)
        mean += rate * (average - mean)
        offset = mean / age
        p = max(square - 2 * offset * average + offset * offset, 0.0)
        absolute = (p / (p + floor)) ** 8
        relative = (p / (p + floor + relative_floor * power)) ** 8
        step = rate * absolute * (LEAK + (1 - LEAK) * relative)
        weight += step * (1 - weight)
        power += step * (p - power)
        prior = PRIOR_WEIGHT * (1 - weight) ** 16
        offsets[index], gains[index] = offset, ((weight + prior) / (power + prior * prior_power)) ** 0.5
    return ((hops - offsets[:, None]) * gains[:, None]).astype(np.float32).reshape(-1)


def _power(dbfs: float) -> float:
    return float(10 ** (dbfs / 10)) * SCALE * SCALE
