"""How much a part of the face moves: the deviation of its dynamics, and the gain of its motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sdk.parity.face.face import rows
from sdk.parity.face.region import Doubles, Region, Values, squared_distance


def dynamics_deviation(reference: ArrayLike, candidate: ArrayLike, region: Region) -> float | None:
    """Upper-face dynamics deviation (FDD) of Xing et al. (CodeTalker, 2023, section 4.2) in mm^2, with its sign.

    Mean over the region's vertices of the reference's dynamics less the candidate's, where a vertex's dynamics are the
    standard deviation over time of its squared distance from rest. Positive: the candidate moves too little. The paper
    writes the norm; its evaluation script, whose numbers are printed, squares it, and so does this.

    Args:
        reference: (T, ...) values.
        candidate: of the same shape.
        region: None is given where its rest is not known.
    """
    if region.rest is None:
        return None
    return _dynamics(reference, region, region.rest) - _dynamics(candidate, region, region.rest)


def _dynamics(values: ArrayLike, region: Region, rest: Doubles) -> float:
    total, squares, frames = np.zeros(region.vertices), np.zeros(region.vertices), 0
    for block in squared_distance(region, rows(values), rest=rest):
        total += block.sum(0)
        squares += np.square(block).sum(0)
        frames += len(block)
    variance = squares / frames - np.square(total / frames)
    return float(np.sqrt(np.maximum(variance, 0)).mean())


def motion_size(values: ArrayLike, about: ArrayLike, region: Region) -> Doubles:
    """(T,) root mean square distance in mm of a region's vertices from where the values `about` (...) put them."""
    centre = np.asarray(about, np.float64).reshape(-1)
    squares = [block.mean(1) for block in squared_distance(region, rows(values), less=centre)]
    return np.asarray(np.sqrt(np.concatenate(squares)), np.float64)


def motion_gain(reference: ArrayLike, candidate: ArrayLike, region: Region) -> float:
    """How many times as far as the reference the candidate moves a region: the slope of a least squares fit.

    Both about their own mean over time. Noise leaves it at 1; a wrong scale does not. NaN where the reference is still.
    """
    expected, got = rows(reference), rows(candidate)
    means = expected.mean(0, dtype=np.float64), got.mean(0, dtype=np.float64)
    power, other = (_total(region, values, mean) for values, mean in zip((expected, got), means, strict=True))
    if not power:
        return float("nan")
    offset = float(np.square(region.moved((means[1] - means[0])[None])).sum())
    apart = _total(region, got, expected) - len(got) * offset
    # 2 <a, b> = |a|^2 + |b|^2 - |a - b|^2, of what a linear function makes of both.
    return (power + other - apart) / (2 * power)


def _total(region: Region, values: Values, less: Values) -> float:
    return sum(float(block.sum()) for block in squared_distance(region, values, less=less))
