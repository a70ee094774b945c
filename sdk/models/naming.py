"""Naming of phones, a lesson that the encoder learns beside the face, and that no artefact holds."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 40
"""Of `sdk.training.phones.PHONES`, silence among them."""
UNKNOWN = -100
"""Class of a frame whose phone nobody knows, as `sdk.training.labels.phone_classes` has it; it teaches nothing."""


class Naming(nn.Module):
    """Scores of the phones from what the rest of a model sees of the sound.

    A face says little of the sound that it belongs to: /t/, /k/ and /n/ look alike, and in a closure lips may have been
    shut for three phones. Names tell them apart, and so tell the encoder what a stream is made of (Caruana, Multitask
    learning, Machine Learning 28, 1997: a task of the same input with more to say).

    Args:
        width: of a row of the memory.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scores = nn.Linear(width, CLASSES)

    def forward(self, memory: Tensor, phones: Tensor, valid: Tensor) -> Tensor:
        """The loss.

        Args:
            memory: (B, T, width).
            phones: (B, T) int64 classes, or `UNKNOWN`.
            valid: (B, T), 1 for frames of the clip.

        Returns:
            () cross-entropy in nats, a mean over the valid frames; those of unknown phones count as 0.
        """
        scores = self.scores(memory).float()
        each = F.cross_entropy(scores.flatten(0, 1), phones.flatten(), ignore_index=UNKNOWN, reduction="none")
        return (each.reshape(valid.shape) * valid).sum() / valid.sum().clamp(min=1)
