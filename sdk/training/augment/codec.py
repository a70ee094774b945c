"""Coarse codes: what cheap transmission leaves of the amplitude."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MU = 255.0
FEWEST_BITS, MOST_BITS = 7, 11


def mu_law(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound (N,) after 8-bit mu-law (the formula that ITU-T G.711 approximates), clipped at full scale."""
    clipped = np.clip(pcm, -1, 1)
    code = np.round(np.sign(clipped) * np.log1p(MU * np.abs(clipped)) / np.log1p(MU) * 127) / 127
    return np.asarray(np.sign(code) * np.expm1(np.abs(code) * np.log1p(MU)) / MU, np.float32)


def linear_bits(pcm: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """The sound (N,) rounded to `bits` linear bits, clipped at full scale."""
    steps = 2 ** (bits - 1) - 1
    return np.asarray(np.round(np.clip(pcm, -1, 1) * steps) / steps, np.float32)


def coarse_code(pcm: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """One of the codes above, drawn: mu-law half of the time, else 7 to 11 linear bits."""
    if generator.random() < 0.5:
        return mu_law(pcm)
    return linear_bits(pcm, int(generator.integers(FEWEST_BITS, MOST_BITS + 1)))
