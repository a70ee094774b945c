"""A face of any mesh as 52 weights in [0, 1], so that a student with a rig's channels can learn it.

The weights are the leading principal components of the motion (Pearson 1901; Eckart and Young 1936), each stretched to
[0, 1] over its range. Offset and shapes turn weights back into vertices, as a rig's morph targets do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from sdk.errors import CheckpointError
from sdk.training.cache import write_whole
from sdk.training.task import CHANNELS

MOST_FRAMES = 2000
"""That the components are fitted on, evenly chosen: their Gram matrix stays small."""
MARGIN = 0.05
"""Added to either side of a component's range, as a part of it: unheard speech moves a little further."""


@dataclass(frozen=True)
class MotionBasis:
    """Vertices as ``offset + weights @ shapes``.

    Attributes:
        offset: (V, 3) where all weights are 0.
        shapes: (52, V, 3) what a weight of 1 adds; orthogonal to each other. Zero for components that are not needed.
    """

    offset: NDArray[np.float32]
    shapes: NDArray[np.float32]

    @classmethod
    def fit(cls, motion: NDArray[np.float32]) -> MotionBasis:
        """The basis of motion (T, V, 3), T at least 1."""
        frames = motion.reshape(len(motion), -1)
        frames = frames[:: -(-len(frames) // MOST_FRAMES)].astype(np.float64)
        mean = frames.mean(0)
        centred = frames - mean
        # Eigenvectors of the small Gram matrix give the components of the large covariance.
        values, vectors = np.linalg.eigh(centred @ centred.T)
        order = np.argsort(values)[::-1][:CHANNELS]
        kept = order[values[order] > values.max(initial=0) * 1e-9]
        directions = (vectors[:, kept].T @ centred) / np.sqrt(values[kept])[:, None]
        coefficients = centred @ directions.T
        low, high = coefficients.min(0, initial=0), coefficients.max(0, initial=0)
        low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)
        shapes = np.zeros((CHANNELS, frames.shape[1]))
        shapes[: len(kept)] = directions * (high - low)[:, None]
        offset = mean + low @ directions
        size = motion.shape[1:]
        return cls(offset.reshape(size).astype(np.float32), shapes.reshape(CHANNELS, *size).astype(np.float32))

    def weights(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, 52) in [0, 1] of vertices (T, V, 3): the nearest face of the basis, clipped to the range."""
        shapes = self.shapes.reshape(CHANNELS, -1).astype(np.float64)
        power = np.square(shapes).sum(1)
        moved = vertices.reshape(len(vertices), -1) - self.offset.reshape(-1)
        found = moved @ shapes.T / np.where(power > 0, power, 1)
        return np.asarray(np.clip(found, 0, 1), np.float32)

    def vertices(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, V, 3) of weights (T, 52)."""
        return np.asarray(self.offset + np.tensordot(weights, self.shapes, 1), np.float32)

    def save(self, path: Path) -> None:
        """Write ``offset`` and ``shapes`` as safetensors."""
        # `save_file` would let no other user read it.
        write_whole(path, save({"offset": self.offset, "shapes": self.shapes}))

    @classmethod
    def load(cls, path: Path) -> MotionBasis:
        """What `save` wrote.

        Raises:
            CheckpointError: it cannot be read, is damaged, or holds something else.
        """
        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, TypeError) as error:
            raise CheckpointError(path, f"is no basis of a face ({error})", "delete it and distil anew") from error
