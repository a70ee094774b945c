"""What a model must beat: a face that never moves, and a face that follows loudness.

Loudness alone gives a gap correlation of 0.5 to 0.8 with speech, and almost no closures: a score that it reaches says
nothing of a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE

Array = NDArray[np.float64]

WINDOWS = (0.02, 0.06, 0.2)
"""Seconds of the newest sound whose level the loudness baseline reads."""
FLOOR = 1e-7
"""Added to powers: -70 dBFS."""
RIDGE = 1e-6
"""Share of the inputs' power added to the normal equations, so that constant inputs still have a solution."""


@dataclass(frozen=True)
class MeanFace:
    """The constant face with the least squared error.

    Attributes:
        weights: (52,).
    """

    weights: NDArray[np.float32]

    @classmethod
    def fit(cls, references: Iterable[NDArray[np.float32]]) -> MeanFace:
        """From the weights (T, 52) of training clips; at least one frame."""
        total, count = np.zeros(52), 0
        for reference in references:
            total += reference.sum(0, dtype=np.float64)
            count += len(reference)
        return cls((total / count).astype(np.float32))

    def animate(self, times: Array) -> NDArray[np.float32]:
        """(T, 52) at `times` (T,)."""
        return np.tile(self.weights, (len(times), 1))


@dataclass(frozen=True)
class LoudnessFace:
    """Weights as the best linear function of the level of the newest 20, 60 and 200 ms in dB, clipped to [0, 1].

    Attributes:
        matrix: (4, 52), a row an input, the constant last.
    """

    matrix: Array

    @classmethod
    def fit(cls, clips: Iterable[tuple[NDArray[np.float32], Array, NDArray[np.float32]]]) -> LoudnessFace:
        """Least squares over clips of (pcm (N,) at 16 kHz, times (T,) in seconds, weights (T, 52))."""
        size = len(WINDOWS) + 1
        square, product = np.zeros((size, size)), np.zeros((size, 52))
        for pcm, times, weights in clips:
            inputs = levels(pcm, times)
            square += inputs.T @ inputs
            product += inputs.T @ weights.astype(np.float64)
        ridge = RIDGE * max(float(np.trace(square)), 1.0) * np.eye(size)
        return cls(np.linalg.solve(square + ridge, product).astype(np.float64))

    def animate(self, pcm: NDArray[np.float32], times: Array) -> NDArray[np.float32]:
        """(T, 52) at `times` (T,), from the samples before each time only."""
        return np.clip(levels(pcm, times) @ self.matrix, 0, 1).astype(np.float32)


def levels(pcm: NDArray[np.float32], times: Array, windows: Sequence[float] = WINDOWS) -> Array:
    """Level in units of 20 dB above -70 dBFS of the newest sound at each time, and a constant: (T, windows + 1)."""
    energy = np.concatenate([[0.0], np.cumsum(pcm.astype(np.float64) ** 2)])
    now = np.clip(np.round(np.asarray(times) * SAMPLE_RATE).astype(np.intp), 0, len(pcm))
    columns = []
    for window in windows:
        since = np.maximum(now - round(window * SAMPLE_RATE), 0)
        power = (energy[now] - energy[since]) / np.maximum(now - since, 1)
        columns.append((10 * np.log10(power + FLOOR) + 70) / 20)
    return np.stack([*columns, np.ones(len(now))], 1)
