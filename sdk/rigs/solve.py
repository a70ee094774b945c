"""From vertices to the weights of a rig: box-constrained least squares, a frame at a time.

The weights w of a frame whose vertices have moved by d from rest minimise, within each channel's range,

    sum_v s_v |A_v w - d_v|^2  +  (noise / STEP)^2 |w - w_before|^2  +  ridge |w - w_rest|^2_D

A are the shapes and s how much each vertex counts. The second term makes w the most probable weights given the last
ones, if vertices err by `noise` millimetres and weights change by `STEP` a frame, both Gaussian. Large movements pass
unchanged, because thousands of vertices outvote it; noise in channels that move little is smoothed. D is the diagonal
of A's own quadratic form, so that the ridge means the same for a jaw and for an eyelid; it shares a movement between
shapes that are alike.

The quadratic form is built once; a frame costs one product of the shapes with the displacements and one problem in K
unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sdk.errors import UsageError
from sdk.rigs.box_minimum import box_minimum
from sdk.rigs.head import Floats
from sdk.rigs.rigid import Doubles, HeadPose, head_pose
from sdk.rigs.solve_problem import NOISE, SolveProblem, prepare_solve

__all__ = ["NOISE", "SolveProblem", "SolveState", "prepare_solve", "solve_clip", "solve_frame"]


@dataclass(frozen=True, eq=False)
class SolveState:
    """What one frame hands to the next.

    Attributes:
        weights: (K,) of the last frame; None before the first one.
        pose: of the head in the last frame; None unless the problem aligns it.
    """

    weights: Doubles | None = None
    pose: HeadPose | None = None


def solve_frame(problem: SolveProblem, vertices: ArrayLike, state: SolveState) -> tuple[Floats, SolveState]:
    """The weights of one frame. A pure function: the same arguments give the same bits.

    Args:
        problem: from `prepare_solve`.
        vertices: (V, 3) millimetres.
        state: of the frame before; `SolveState()` for the first one, which then has no penalty on change.

    Returns:
        (K,) weights, each in its channel's range, and the state for the next frame.

    Raises:
        UsageError: another number of vertices, or NaN or infinity among them.
        NumericalError: DAQP found no solution, which no input with finite numbers is known to cause.
    """
    frame = checked_frame(vertices, len(problem.shape_set.vertices))
    rest = problem.shape_set.vertices
    pose = None
    if problem.still is not None:
        pose = head_pose(rest[problem.still].astype(np.float64), frame[problem.still])
        frame = pose.undo(frame)
    linear = problem.projector @ (frame[problem.rows] - rest[problem.rows]).ravel() + problem.pull * problem.rest
    quadratic = problem.quadratic
    if state.weights is not None:
        quadratic = quadratic + problem.change * np.eye(len(quadratic))
        linear = linear + problem.change * state.weights
    weights = box_minimum(quadratic, linear, problem.shape_set.low, problem.shape_set.high, state.weights)
    return weights.astype(np.float32), SolveState(weights, pose)


def solve_clip(problem: SolveProblem, vertices: ArrayLike) -> Floats:
    """The weights of a whole clip: what `solve_frame` gives frame after frame, bit for bit.

    Args:
        problem: from `prepare_solve`.
        vertices: (T, V, 3) millimetres.

    Returns:
        (T, K) weights.

    Raises:
        UsageError: as `solve_frame`, or not three axes.
    """
    frames = np.asarray(vertices)
    if frames.ndim != 3:
        raise UsageError("vertices", f"have shape {frames.shape}", "give a clip of shape (T, V, 3)")
    state = SolveState()
    weights = np.zeros((len(frames), len(problem.shape_set.channels)), np.float32)
    for index, frame in enumerate(frames):
        weights[index], state = solve_frame(problem, frame, state)
    return weights


def checked_frame(vertices: ArrayLike, count: int) -> Doubles:
    """`vertices` as float64, or a UsageError if they are not (count, 3) finite numbers."""
    frame = np.asarray(vertices, np.float64)
    if frame.shape != (count, 3):
        raise UsageError("vertices", f"shape {frame.shape} is not that of the shapes", f"give ({count}, 3)")
    if not np.isfinite(frame).all():
        first = int(np.flatnonzero(~np.isfinite(frame).all(axis=1))[0])
        raise UsageError("vertices", f"vertex {first} is NaN or infinite", "leave such frames out, or mend them")
    return frame
