"""What all frames of a solve share: the quadratic form of the shapes, and its penalties. See `sdk.rigs.solve`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import UsageError
from sdk.rigs.box_minimum import require_daqp
from sdk.rigs.rigid import Doubles, check_spread, still_vertices
from sdk.rigs.shape_set import ShapeSet

NOISE = 0.2
"""Millimetres: default of `noise`."""

STEP = 0.05
"""How much a weight typically changes in a frame of speech; only its ratio to `noise` counts."""

RIDGE = 1e-5
"""Default of `ridge`."""

LEAST_CURVATURE = 1e-6
"""Share of the strongest channel's curvature that the ridge sees in each at least, so that it holds an empty shape."""


@dataclass(frozen=True, eq=False)
class SolveProblem:
    """All of the solve that no frame changes. Made by `prepare_solve`.

    Attributes:
        shape_set: the rig.
        rows: (M,) the vertices that count and that a shape moves.
        projector: (K, M * 3), from displacements to the linear term.
        quadratic: (K, K), without the penalty on change, for the first frame.
        change: the penalty on change: this times the squared distance from the last weights.
        pull: (K,) diagonal of the ridge.
        rest: (K,) weights that the ridge pulls to, within the ranges.
        still: (N,) vertices that tell the head's own movement; None if it does not move.
    """

    shape_set: ShapeSet
    rows: NDArray[np.int64]
    projector: Doubles
    quadratic: Doubles
    change: float
    pull: Doubles
    rest: Doubles
    still: NDArray[np.int64] | None

    @property
    def independence(self) -> Doubles:
        """(K,) in [0, 1]: the share of each channel's movement that no mix of the others can make.

        One over the variance inflation factor of regression. 0 is a channel that cannot be told from others.
        """
        diagonal = np.diag(self.quadratic)
        scaled = self.quadratic / np.sqrt(np.outer(diagonal, diagonal))  # the ridge keeps it invertible
        own_share = 1 - self.pull / diagonal
        return np.clip(own_share / np.diag(np.linalg.inv(scaled)), 0, 1)


def prepare_solve(
    shape_set: ShapeSet,
    *,
    emphasis: Mapping[str, float] | None = None,
    vertex_weights: ArrayLike | None = None,
    noise: float = NOISE,
    ridge: float = RIDGE,
    rest: ArrayLike | None = None,
    align_head: bool = False,
    still: ArrayLike | None = None,
) -> SolveProblem:
    """Build the part of the solve that all frames share.

    Args:
        shape_set: the rig. Shapes may be alike or zero: the ridge decides between them.
        emphasis: region -> by how much more than 1 its vertices count, e.g. ``{"lips": 4}``; any region of the set.
        vertex_weights: (V,) not negative; how much each vertex counts, before `emphasis`. All the same if left out.
        noise: millimetres by which vertices typically err; more smooths more, 0 takes each frame for itself.
        ridge: penalty on the distance from rest, above 0.
        rest: (K,) weights that the ridge pulls to; 0, or the nearest in range, if left out.
        align_head: whether frames move as a whole, which is then taken out.
        still: indices of the vertices that tell how; those that no shape moves if left out.

    Raises:
        UsageError: an argument is out of range, or the vertices that count are moved by no shape, or too few are still.
        MissingDependencyError: DAQP is not installed.
    """
    require_daqp()
    if not (0 <= noise < np.inf and 0 < ridge < np.inf):
        raise UsageError("noise and ridge", f"are {noise} and {ridge}", "give noise from 0 on, and ridge above 0")
    counts = vertex_emphasis(shape_set, emphasis or {}, vertex_weights)
    rows = np.flatnonzero((counts > 0) & np.abs(shape_set.shapes).any(axis=(0, 2)))
    if not len(rows):
        raise UsageError("vertex weights", "count no vertex that a shape moves", "give some of them a weight above 0")
    moved = shape_set.shapes[:, rows].astype(np.float64)
    share = counts[rows] / counts.sum()
    projector = (moved * share[:, None]).reshape(len(moved), -1)
    quadratic = projector @ moved.reshape(len(moved), -1).T
    quadratic = (quadratic + quadratic.T) / 2
    own = np.diag(quadratic)
    pull = ridge * np.maximum(own, LEAST_CURVATURE * own.max())
    pulled_to = np.clip(0.0 if rest is None else checked_rest(rest, len(moved)), shape_set.low, shape_set.high)
    quadratic = quadratic + np.diag(pull)
    return SolveProblem(
        shape_set=shape_set,
        rows=rows,
        projector=projector,
        quadratic=quadratic,
        change=float((noise / STEP) ** 2 / counts.sum()),
        pull=pull,
        rest=pulled_to,
        still=checked_still(shape_set, still) if align_head else None,
    )


def vertex_emphasis(shape_set: ShapeSet, emphasis: Mapping[str, float], base: ArrayLike | None) -> Doubles:
    """(V,) how much each vertex counts: `base`, times 1 + `emphasis` x the mask of each region."""
    size = len(shape_set.vertices)
    counts = np.ones(size) if base is None else np.array(base, np.float64)
    if counts.shape != (size,) or not np.isfinite(counts).all() or (counts < 0).any():
        raise UsageError("vertex weights", "are not finite numbers from 0 on", f"give {size}, one a vertex")
    for name, strength in emphasis.items():
        if name not in shape_set.regions:
            known = ", ".join(shape_set.regions) or "none"
            raise UsageError(name, "is no region of the shapes", f"they have: {known}")
        if not (np.isfinite(strength) and strength >= -1):
            raise UsageError(name, f"emphasis {strength}", "give a number from -1 (not at all) on")
        counts *= 1 + strength * shape_set.regions[name].astype(np.float64)
    return counts


def checked_rest(rest: ArrayLike, channels: int) -> Doubles:
    """`rest` as (K,) finite numbers."""
    array = np.asarray(rest, np.float64)
    if array.shape != (channels,) or not np.isfinite(array).all():
        raise UsageError("rest", f"shape {array.shape} or not finite", f"give {channels} finite weights")
    return array


def checked_still(shape_set: ShapeSet, still: ArrayLike | None) -> NDArray[np.int64]:
    """Indices of still vertices, three at least and not on one line."""
    if still is None:
        chosen = still_vertices(shape_set.shapes)
    else:
        chosen = np.unique(np.asarray(still))
        if chosen.dtype.kind not in "iu" or len(chosen) < 3 or chosen[0] < 0 or chosen[-1] >= len(shape_set.vertices):
            problem = "are not three or more indices of vertices"
            raise UsageError("still vertices", problem, f"give indices below {len(shape_set.vertices)}")
        chosen = chosen.astype(np.int64)
    check_spread(shape_set.vertices[chosen].astype(np.float64))
    return chosen
