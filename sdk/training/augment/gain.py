"""Level: microphones differ by tens of dB, and the loud ones clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def change_level(pcm: NDArray[np.float32], gain_db: float) -> NDArray[np.float32]:
    """The sound (N,) louder by `gain_db`, clipped at full scale as a converter does."""
    return np.asarray(np.clip(pcm * 10 ** (gain_db / 20), -1, 1), np.float32)
