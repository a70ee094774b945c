"""How well weights tell what vertices did: errors in millimetres, and jitter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.head import Floats
from sdk.rigs.shape_set import ShapeSet

LIPS = "lips"
FRAMES_AT_ONCE = 64
"""Frames measured together, so that memory does not grow with the clip."""


@dataclass(frozen=True)
class FitQuality:
    """Distances between wanted and posed vertices, over all frames and all vertices that a shape moves.

    Attributes:
        mean_mm: mean distance.
        p95_mm: 95 % of the distances lie below it.
        lips_mm: mean distance where the region ``lips`` is above one half; None if there is no such region.
        jitter_in_mm: root of the mean squared second difference over time of the vertices given; 0 for under 3 frames.
        jitter_out_mm: the same of the vertices that the weights pose.
    """

    mean_mm: float
    p95_mm: float
    lips_mm: float | None
    jitter_in_mm: float
    jitter_out_mm: float


def fit_quality(shape_set: ShapeSet, weights: Floats, given: Floats, wanted: Floats | None = None) -> FitQuality:
    """Compare the vertices that `weights` pose with those that were to be met.

    Args:
        shape_set: the rig.
        weights: (T, K), as solved.
        given: (T, V, 3) millimetres, what they were solved from, with the head's own movement taken out.
        wanted: (T, V, 3) millimetres, the truth if `given` has noise; `given` if left out.
    """
    moved: NDArray[np.bool_] = np.asarray(np.abs(shape_set.shapes).any(axis=(0, 2)))
    lips = shape_set.regions.get(LIPS, np.zeros(len(moved), np.float32))[moved] > 0.5
    truth = given if wanted is None else wanted
    distances = np.zeros((len(weights), int(moved.sum())), np.float32)
    jitter = {"in": [0.0, 0], "out": [0.0, 0]}
    for first in range(0, len(weights), FRAMES_AT_ONCE):
        part = slice(first, first + FRAMES_AT_ONCE + 2)  # two more: second differences reach into the next part
        posed = shape_set.pose(weights[part])[:, moved]
        here = distances[first : first + FRAMES_AT_ONCE]
        here[:] = np.linalg.norm(posed[: len(here)] - truth[first : first + len(here)][:, moved], axis=2)
        for name, clip in (("in", given[part][:, moved]), ("out", posed)):
            jitter[name][0] += float(np.square(second_difference(clip)).sum())
            jitter[name][1] += second_difference(clip).size
    return FitQuality(
        mean_mm=float(distances.mean()),
        p95_mm=float(np.quantile(distances, 0.95)),
        lips_mm=float(distances[:, lips].mean()) if lips.any() else None,
        jitter_in_mm=float(np.sqrt(jitter["in"][0] / max(1, jitter["in"][1]))),
        jitter_out_mm=float(np.sqrt(jitter["out"][0] / max(1, jitter["out"][1]))),
    )


def second_difference(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T - 2, ...): next minus twice this plus last; empty for under 3 frames."""
    return np.diff(values.astype(np.float64), 2, axis=0)
