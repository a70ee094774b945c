"""Offline models that can label audio, found through the entry point group ``nowface.teachers``."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdk.errors import CheckpointError, UsageError
from sdk.plugins import load_plugins

ENTRY_POINT_GROUP = "nowface.teachers"


class OfflineModel(Protocol):
    """A whole-clip model that moves a mesh.

    Attributes:
        name: for messages.
        unit: of the vertices.
        frame_seconds: time between two frames.
    """

    name: str
    unit: str
    frame_seconds: float

    def animate(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vertices (T, V, 3) of a clip (N,) at 16 kHz; frame t shows ``t * frame_seconds``.

        Raises:
            AudioError: the clip is too short for a frame.
        """
        ...


class OfflineLoader(Protocol):
    """What an entry point names."""

    def __call__(self, checkpoint: Path, template: NDArray[np.float32] | None) -> OfflineModel:
        """Load a published checkpoint.

        Args:
            checkpoint: file or folder.
            template: (V, 3) the face at rest, or None for displacements where the model allows it.

        Raises:
            CheckpointError: it is not one of this model's.
            UsageError: the template is missing or does not fit.
        """
        ...


def load_offline(checkpoint: Path, template: NDArray[np.float32] | None = None) -> OfflineModel:
    """The offline model whose checkpoint this is: every registered one tries to load it.

    Raises:
        CheckpointError: none can; gives each one's reason.
        UsageError: the template does not fit.
    """
    reasons = []
    loader: OfflineLoader
    for name, loader in load_plugins(ENTRY_POINT_GROUP):
        try:
            return loader(checkpoint, template)
        except CheckpointError as error:
            reasons.append(f"{name}: {error.problem}")
    if not reasons:
        raise UsageError(checkpoint, "no offline model is registered", "install a package that registers one")
    raise CheckpointError(checkpoint, "no offline model can load it: " + "; ".join(reasons), "check the path")
