"""Distances on the face in millimetres, each a linear function of the weights.

Because they are linear, a training loss needs only a constant and one number a channel, not the mesh:
``gap = rest + weights @ per_channel``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.rigs.head import Floats, Head, checked_weights

MIDDLE = 0
"""Row of `Head.lip_pairs` at the middle of the mouth."""

UP, FORWARD = 1, 2
"""Axes of the head's coordinates."""


def lip_gap_basis(head: Head) -> tuple[float, NDArray[np.float32]]:
    """The lip gap at rest in millimetres, and the (52,) millimetres that each channel adds at weight 1.

    The lip gap is how far the lowest point of the upper lip lies above the highest point of the lower lip in the middle
    of the mouth: the height of the opening seen from the front. Below zero the lips press into each other.
    """
    upper, lower = head.lip_pairs[MIDDLE]
    rest = head.vertices[upper, UP] - head.vertices[lower, UP]
    return float(rest), head.shapes[:, upper, UP] - head.shapes[:, lower, UP]


def lip_protrusion_basis(head: Head) -> NDArray[np.float32]:
    """The (52,) millimetres by which each channel at weight 1 moves the middle of the upper lip forward.

    The upper lip alone, because the jaw swings the lower lip back as it opens and would hide the rounding.
    """
    return head.shapes[:, head.lip_pairs[MIDDLE, 0], FORWARD].copy()


def lip_gap(head: Head, weights: ArrayLike) -> Floats:
    """Lip gap in millimetres as defined by `lip_gap_basis`.

    Args:
        head: the face.
        weights: (..., 52).

    Returns:
        (...) millimetres, signed.

    Raises:
        UsageError: `weights` has another last size or a value that is not finite.
    """
    rest, per_channel = lip_gap_basis(head)
    return np.float32(rest) + checked_weights(weights, len(head.channels)) @ per_channel


def lip_protrusion(head: Head, weights: ArrayLike) -> Floats:
    """Forward movement of the upper lip from rest in millimetres, as defined by `lip_protrusion_basis`.

    Args:
        head: the face.
        weights: (..., 52).

    Returns:
        (...) millimetres; rounding (pucker, funnel) is positive.

    Raises:
        UsageError: `weights` has another last size or a value that is not finite.
    """
    return checked_weights(weights, len(head.channels)) @ lip_protrusion_basis(head)
