"""Frames in which nobody speaks, by the sound alone, and how much a face trembles in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.parity.face.face import rows
from sdk.parity.face.region import Region, squared_distance
from sdk.spec import SAMPLE_RATE

BLOCK_SECONDS = 0.01
"""Length of the blocks of sound whose level is taken."""
BELOW_LOUDEST = 35.0
"""Decibels: a block so far below the loudest is silent. The weakest fricatives lie about 30 dB below the vowels."""
SETTLE, AHEAD = 0.2, 0.1
"""Seconds of silence that must lie before and after a frame: the lips come to rest, and move before they sound."""


def silent_frames(
    pcm: NDArray[np.float32] | NDArray[np.int16], sample_rate: int, due_sample: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Frames (T,) that show silence.

    Args:
        pcm: (N,) samples.
        sample_rate: of `pcm`.
        due_sample: (T,) what each frame shows, on the 16 kHz clock.
    """
    length = max(1, round(BLOCK_SECONDS * sample_rate))
    blocks = -(-len(pcm) // length)
    padded = np.zeros(blocks * length)
    padded[: len(pcm)] = pcm
    power = np.square(padded).reshape(blocks, length).mean(1)
    # What is not a number is no silence.
    heard = ~(power <= np.nanmax(power, initial=0.0) * 10 ** (-BELOW_LOUDEST / 10))
    so_far = np.concatenate([[0], np.cumsum(heard)])
    seconds = due_sample / SAMPLE_RATE
    # By the blocks' own length: at 22,050 Hz they are 0.2 % shorter than they should be, and would drift.
    block = length / sample_rate
    first, last = (np.clip(np.round((seconds + by) / block), 0, blocks).astype(int) for by in (-SETTLE, AHEAD))
    return np.asarray(so_far[last] == so_far[first])


def trembling(values: ArrayLike, silent: NDArray[np.bool_], region: Region) -> float | None:
    """Root mean square second difference in mm of a region's vertices, over frames whose neighbours are silent too.

    At rest it is zero, and so it is in any slow drift; what the eye sees as trembling is not.

    Args:
        values: (T, ...).
        silent: (T,).
        region: of the face.

    Returns:
        None where no three frames in a row are silent.
    """
    if len(silent) < 3:
        return None
    at_rest = silent[:-2] & silent[1:-1] & silent[2:]
    if not at_rest.any():
        return None
    whole = rows(values)
    before, here, after = (whole[part][at_rest].astype(np.float64) for part in (np.s_[:-2], np.s_[1:-1], np.s_[2:]))
    bend = before - 2 * here + after
    return float(np.sqrt(np.concatenate([block.mean(1) for block in squared_distance(region, bend)]).mean()))
