"""How far the mouth's skin moves, and whether it comes to rest in silence."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.head import default_head
from sdk.rigs.lip_curves import Array
from sdk.training.phones import SILENCE
from sdk.training.scores.clip import ScoredClip

STILL = 0.25
"""Millimetres: a face that is displaced by less is at rest."""


@cache
def _energy() -> Array:
    """(52, 52): quadratic form of weights to the mean squared displacement of the mouth in mm^2."""
    head = default_head()
    region = head.regions["mouth"].astype(np.float64)
    shapes = head.shapes.astype(np.float64) * np.sqrt(region / region.sum())[:, None]
    flat = shapes.reshape(len(shapes), -1)
    energy: Array = flat @ flat.T
    return energy


def displacement(weights: NDArray[np.float32]) -> Array:
    """Root mean square displacement from rest of the mouth's vertices in mm, (T,) of weights (T, 52).

    The mean is weighed by the head's region "mouth".
    """
    exact = weights.astype(np.float64)
    squared: Array = np.einsum("ti,ti->t", exact @ _energy(), exact)
    return np.sqrt(np.maximum(squared, 0))


def at_rest(clip: ScoredClip) -> NDArray[np.bool_]:
    """Frames (T,) in which nobody speaks and the reference is within `STILL` of rest."""
    quiet = displacement(clip.reference) < STILL
    for phone in clip.phones:
        if phone.name != SILENCE:
            quiet &= (clip.times < phone.start) | (clip.times > phone.end)
    return quiet
