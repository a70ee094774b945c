"""Checks of what a user hands to FaceFormer: each mistake is one typed error that names the argument."""

from __future__ import annotations

from torch import Tensor

from sdk.models import input_checks
from sdk.models.faceformer.config import FaceFormerConfig
from sdk.models.input_checks import check_tensor

__all__ = ["check_audio", "check_tensor", "check_vertices"]


def check_audio(audio: Tensor, config: FaceFormerConfig, *, stretched: bool = False) -> None:
    """Audio is (1, N) float32, finite and long enough.

    Args:
        audio: to check.
        config: of the model.
        stretched: to a given number of frames, so that for vocaset a single feature is enough.

    Raises:
        AudioError: it is not.
    """
    features = 1 if stretched and config.dataset == "vocaset" else 2
    input_checks.check_audio(audio, config.encoder.samples_for(features))


def check_vertices(vertices: Tensor, config: FaceFormerConfig) -> None:
    """Ground truth is (1, T, V * 3) with at least one frame.

    Raises:
        UsageError: it is not.
    """
    frames = vertices.shape[1] if isinstance(vertices, Tensor) and vertices.ndim == 3 else 0
    check_tensor("vertices", vertices, (1, max(frames, 1), config.vertice_dim))
