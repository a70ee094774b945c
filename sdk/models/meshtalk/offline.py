"""MeshTalk as a teacher of streaming models: the whole-clip form, taking the likeliest class of each head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sdk.errors import UsageError
from sdk.models.meshtalk.front_end import FRAME
from sdk.models.meshtalk.model import MeshTalk
from sdk.spec import SAMPLE_RATE


class OfflineMeshTalk:
    """Moves a mesh to a clip.

    Args:
        checkpoint: folder of the three published files.
        template: (V, 3) the face at rest in mm; the decoder needs one.

    Raises:
        CheckpointError: not a published MeshTalk.
        UsageError: no template, or one with another number of vertices.
    """

    name = "MeshTalk"
    unit = "mm"
    frame_seconds = FRAME / SAMPLE_RATE

    def __init__(self, checkpoint: Path, template: NDArray[np.float32] | None) -> None:
        self.model = MeshTalk.from_checkpoint(checkpoint)
        vertices = self.model.config.vertices
        if template is None or template.shape != (vertices, 3):
            found = "none" if template is None else f"shape {template.shape}"
            raise UsageError("template", f"{found} instead of ({vertices}, 3)", "give the face at rest in mm")
        self._template = torch.from_numpy(template.astype(np.float32))[None]

    def animate(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vertices (T, V, 3) in mm of a clip (N,).

        Raises:
            AudioError: the clip is too short for a frame.
        """
        with torch.no_grad():
            vertices: NDArray[np.float32] = self.model.animate(torch.from_numpy(np.array(pcm))[None], self._template)[
                0
            ].numpy()
        return vertices
