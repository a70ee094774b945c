"""FaceFormer as a teacher of streaming models: the whole-clip form, with its first training subject's style."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sdk.errors import UsageError
from sdk.models.faceformer.entry import UNITS
from sdk.models.faceformer.model import FaceFormer
from sdk.models.faceformer.streaming import NAME


class OfflineFaceFormer:
    """Moves a mesh to a clip.

    Args:
        checkpoint: as published.
        template: (V, 3) the face at rest; without one, vertices are displacements.

    Raises:
        CheckpointError: not a published FaceFormer.
        UsageError: the template has another number of vertices.
    """

    name = NAME

    def __init__(self, checkpoint: Path, template: NDArray[np.float32] | None) -> None:
        self.model = FaceFormer.from_checkpoint(checkpoint)
        config = self.model.config
        self.unit = UNITS[config.dataset]
        self.frame_seconds = 1 / config.frame_rate
        if template is not None and template.size != config.vertice_dim:
            problem = f"shape {template.shape} instead of ({config.vertice_dim // 3}, 3)"
            raise UsageError("template", problem, "give the face that the model was trained on")
        face = np.zeros(config.vertice_dim, np.float32) if template is None else template
        self._template = torch.from_numpy(face.astype(np.float32)).reshape(1, -1)
        self._style = torch.eye(config.subjects)[:1]

    def animate(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vertices (T, V, 3) of a clip (N,).

        Raises:
            AudioError: the clip is too short for a frame.
        """
        vertices = self.model.animate(torch.from_numpy(np.array(pcm))[None], self._template, self._style)
        moved: NDArray[np.float32] = vertices[0].reshape(vertices.shape[1], -1, 3).numpy()
        return moved
