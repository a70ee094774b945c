"""The solver from vertices to weights: what it finds, that it is stable, and what it refuses."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import lsq_linear
from scipy.spatial.transform import Rotation

from sdk.errors import MissingDependencyError, NumericalError, UsageError
from sdk.rigs.box_minimum import box_minimum
from sdk.rigs.procedural_face import procedural_face
from sdk.rigs.rigid import head_pose
from sdk.rigs.shape_set import ShapeSet, default_shapes
from sdk.rigs.solve import SolveState, prepare_solve, solve_clip, solve_frame


def shape_set(shapes, low=0.0, high=1.0, vertices=None, **kwargs) -> ShapeSet:
    shapes = np.asarray(shapes, np.float32)
    count, size, _ = shapes.shape
    if vertices is None:
        vertices = np.random.default_rng(9).uniform(-50, 50, (size, 3))
    return ShapeSet(
        vertices=np.array(vertices, np.float32),
        shapes=shapes,
        channels=tuple(f"c{k}" for k in range(count)),
        low=np.full(count, low, np.float32),
        high=np.full(count, high, np.float32),
        **kwargs,
    )


@pytest.fixture(scope="module")
def mask() -> ShapeSet:
    """The face made by formula: 784 vertices, eight shapes."""
    face = procedural_face()
    return shape_set(np.stack(list(face.shapes.values())), vertices=face.vertices, triangles=face.triangles)


def moving(channels: int, frames: int, seed: int = 0) -> np.ndarray:
    """Smooth weights in [0, 1] that rest on either bound for a part of the time."""
    phase = np.random.default_rng(seed).uniform(0, 6.3, channels)
    wave = 0.5 + 0.8 * np.sin(np.arange(frames)[:, None] / 4 + phase)
    return np.clip(wave, 0, 1).astype(np.float32)


def test_weights_of_the_default_head_come_back() -> None:
    head = default_shapes()
    weights = np.random.default_rng(0).uniform(0, 1, (3, 52)).astype(np.float32)
    found = solve_clip(prepare_solve(head, noise=0), head.pose(weights))
    assert np.abs(found - weights).max() < 2e-3
    assert np.linalg.norm(head.pose(found) - head.pose(weights), axis=2).max() < 0.02  # millimetres


def test_the_first_frame_is_the_bounded_least_squares_of_scipy(mask) -> None:
    """Oracle: scipy.optimize.lsq_linear, on displacements that no weights within the range make."""
    moved = np.random.default_rng(1).normal(0, 5, mask.vertices.shape).astype(np.float32)
    counts = np.random.default_rng(2).uniform(0.1, 3, len(mask.vertices))
    matrix = (mask.shapes * np.sqrt(counts)[:, None]).reshape(8, -1).T.astype(np.float64)
    right = (moved * np.sqrt(counts)[:, None]).ravel().astype(np.float64)
    expected = lsq_linear(matrix, right, (0, 1), method="bvls").x
    assert 0 < np.sum((expected > 0) & (expected < 1)) < 8  # some at a bound, some within
    problem = prepare_solve(mask, vertex_weights=counts, ridge=1e-12)
    found, _ = solve_frame(problem, mask.vertices + moved, SolveState())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_stream_is_the_clip_bit_for_bit(mask) -> None:
    clip = mask.pose(moving(8, 30)) + np.random.default_rng(3).normal(0, 0.3, (30, *mask.vertices.shape))
    problem = prepare_solve(mask, align_head=True, still=np.arange(40))
    state, stream = SolveState(), []
    for frame in clip:
        weights, state = solve_frame(problem, frame, state)
        stream.append(weights)
    assert np.array_equal(np.stack(stream), solve_clip(problem, clip))


def test_a_state_can_be_kept_and_used_again(mask) -> None:
    clip = mask.pose(moving(8, 4))
    problem = prepare_solve(mask)
    _, state = solve_frame(problem, clip[0], SolveState())
    once, _ = solve_frame(problem, clip[1], state)
    solve_frame(problem, clip[3], state)
    again, _ = solve_frame(problem, clip[1], state)
    assert np.array_equal(once, again)


@pytest.mark.parametrize("noise_mm", [0.1, 0.5])
def test_noise_comes_out_weaker_than_it_went_in(mask, noise_mm) -> None:
    def jitter(values):
        return np.abs(np.diff(values, 2, axis=0)).mean()

    weights = moving(8, 60)
    clean = mask.pose(weights)
    clip = clean + np.random.default_rng(4).normal(0, noise_mm, clean.shape)
    smooth = solve_clip(prepare_solve(mask, noise=noise_mm), clip)
    each_alone = solve_clip(prepare_solve(mask, noise=0), clip)
    assert jitter(mask.pose(smooth)) < jitter(clip)
    assert jitter(smooth) < jitter(each_alone)
    assert np.linalg.norm(mask.pose(smooth) - clean, axis=2).mean() < 0.5 * noise_mm


def test_jitter_does_not_grow_on_a_clean_clip(mask) -> None:
    clip = mask.pose(moving(8, 60))
    posed = mask.pose(solve_clip(prepare_solve(mask), clip))
    assert np.square(np.diff(posed, 2, axis=0)).mean() <= np.square(np.diff(clip, 2, axis=0)).mean() * 1.0001


def test_weights_stay_in_ranges_of_their_own(mask) -> None:
    low, high = np.linspace(-1, 0.2, 8, dtype=np.float32), np.linspace(0.2, 2, 8, dtype=np.float32)
    ranged = ShapeSet(mask.vertices, mask.shapes, mask.channels, low, high)
    wild = mask.vertices + np.random.default_rng(5).normal(0, 40, (20, *mask.vertices.shape))
    found = solve_clip(prepare_solve(ranged), wild)
    assert (found >= low).all()
    assert (found <= high).all()
    assert (found == low).any()


def test_shapes_that_are_alike_share_their_movement() -> None:
    one = np.random.default_rng(6).normal(0, 3, (2, 30, 3))
    twins = shape_set([one[0], one[1], one[0], np.zeros((30, 3))])
    problem = prepare_solve(twins)
    found, _ = solve_frame(problem, twins.vertices + 0.6 * one[0], SolveState())
    np.testing.assert_allclose(found, [0.3, 0, 0.3, 0], atol=1e-4)
    assert problem.independence[1] > 0.5
    assert (problem.independence[[0, 2, 3]] < 1e-3).all()


def test_more_shapes_than_coordinates() -> None:
    many = shape_set(np.random.default_rng(7).normal(0, 3, (40, 5, 3)))
    weights = np.random.default_rng(8).uniform(0, 1, (6, 40)).astype(np.float32)
    found = solve_clip(prepare_solve(many, noise=0), many.pose(weights))
    np.testing.assert_allclose(many.pose(found), many.pose(weights), atol=0.02)


def test_the_rest_of_the_ridge_is_where_nothing_is_known() -> None:
    half_known = shape_set([np.ones((4, 3)), np.zeros((4, 3))], low=-1)
    found, _ = solve_frame(prepare_solve(half_known, rest=[0.3, 0.7]), half_known.vertices + 0.5, SolveState())
    np.testing.assert_allclose(found, [0.5, 0.7], atol=1e-4)


def test_a_region_that_counts_more_is_met_better() -> None:
    """One channel, and a frame that it cannot make: one half of the vertices asks for 0.8, the other for 0.2."""
    lips = np.repeat([1, 0], 10).astype(np.float32)
    both = shape_set(np.ones((1, 20, 3)), regions={"lips": lips})
    asked = both.vertices + np.where(lips, 0.8, 0.2)[:, None]
    for strength, expected in ((0, 0.5), (3, 0.68), (-1, 0.2)):
        found, _ = solve_frame(prepare_solve(both, emphasis={"lips": strength}), asked, SolveState())
        np.testing.assert_allclose(found, [expected], atol=1e-4)


def test_a_moving_head_is_taken_out(mask) -> None:
    still = np.flatnonzero(np.linalg.norm(mask.shapes, axis=2).max(axis=0) < 1e-3)
    weights = moving(8, 12)
    turn = Rotation.from_euler("yx", np.stack([np.linspace(0, 25, 12), np.linspace(5, -10, 12)], 1), degrees=True)
    shift = np.array([3.0, -20.0, 400.0])
    clip = np.einsum("tij,tvj->tvi", turn.as_matrix(), mask.pose(weights)) + shift
    found = solve_clip(prepare_solve(mask, align_head=True, still=still, noise=0), clip)
    np.testing.assert_allclose(found, weights, atol=1e-3)
    _, state = solve_frame(prepare_solve(mask, align_head=True, still=still), clip[-1], SolveState())
    np.testing.assert_allclose(state.pose.rotation, turn[-1].as_matrix(), atol=1e-4)
    np.testing.assert_allclose(state.pose.undo(clip[-1]), mask.pose(weights[-1]), atol=1e-2)


def test_still_vertices_of_the_default_head_are_found() -> None:
    problem = prepare_solve(default_shapes(), align_head=True)
    assert len(problem.still) > 1000
    assert np.abs(problem.shape_set.shapes[:, problem.still]).max() <= 0.1


def test_a_mirrored_face_is_never_a_head_pose() -> None:
    points = np.random.default_rng(11).normal(0, 1, (20, 3))
    assert np.linalg.det(head_pose(points, points * [-1, 1, 1]).rotation) == pytest.approx(1)


@settings(deadline=None, max_examples=40)
@given(arrays(np.float32, (12, 3), elements=st.floats(-1e6, 1e6, width=32)))
def test_any_finite_frame_gives_weights_in_range(vertices) -> None:
    mesh = shape_set(np.random.default_rng(12).normal(0, 2, (9, 12, 3)))
    problem = prepare_solve(mesh)
    found, state = solve_frame(problem, vertices, SolveState())
    found, _ = solve_frame(problem, mesh.vertices, state)
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1


BAD_ARGUMENTS = {
    "noise": {"noise": -1.0},
    "infinite noise": {"noise": np.inf},
    "ridge": {"ridge": 0.0},
    "unknown region": {"emphasis": {"ear": 1.0}},
    "weights of another count": {"vertex_weights": np.ones(5)},
    "negative weights": {"vertex_weights": -np.ones(784)},
    "no weight at all": {"vertex_weights": np.zeros(784)},
    "rest": {"rest": [np.nan] * 8},
    "two still vertices": {"align_head": True, "still": [1, 2]},
    "still vertices outside": {"align_head": True, "still": [1, 2, 784]},
    "still vertices as numbers": {"align_head": True, "still": [0.5, 1.5, 2.5]},
}


@pytest.mark.parametrize("arguments", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
def test_bad_arguments_are_refused(mask, arguments) -> None:
    with pytest.raises(UsageError):
        prepare_solve(mask, **arguments)


def test_bad_emphasis_is_refused() -> None:
    with pytest.raises(UsageError, match="lips: emphasis nan"):
        prepare_solve(default_shapes(), emphasis={"lips": np.nan})


def test_still_vertices_on_a_line_are_refused() -> None:
    line = shape_set(np.ones((1, 4, 3)), vertices=[[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]])
    with pytest.raises(UsageError, match="one line"):
        prepare_solve(line, align_head=True, still=[0, 1, 2, 3])


def test_a_mesh_that_moves_everywhere_has_no_still_vertices() -> None:
    with pytest.raises(UsageError, match="0 vertices stay"):
        prepare_solve(shape_set(np.ones((2, 9, 3))), align_head=True)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vertex_that_is_no_number_is_named(mask, value) -> None:
    vertices = mask.vertices.copy()
    vertices[17, 1] = value
    with pytest.raises(UsageError, match="vertex 17 is NaN or infinite"):
        solve_frame(prepare_solve(mask), vertices, SolveState())


@pytest.mark.parametrize("shape", [(783, 3), (784, 2), (784,), (1, 784, 3)])
def test_a_frame_of_another_shape_is_refused(mask, shape) -> None:
    with pytest.raises(UsageError, match="give \\(784, 3\\)"):
        solve_frame(prepare_solve(mask), np.zeros(shape), SolveState())


def test_a_clip_needs_three_axes(mask) -> None:
    with pytest.raises(UsageError, match="shape \\(T, V, 3\\)"):
        solve_clip(prepare_solve(mask), mask.vertices)


def test_a_form_without_a_minimum_is_told() -> None:
    with pytest.raises(NumericalError, match="flag"):
        box_minimum(np.eye(2), np.zeros(2), np.array([1.0, 1.0]), np.array([0.0, 0.0]), None)


def test_the_extra_is_named_if_the_solver_is_missing(mask, monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "daqp":
            raise ImportError("No module named 'daqp'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=r"nowface\[rigs\]"):
        prepare_solve(mask)
