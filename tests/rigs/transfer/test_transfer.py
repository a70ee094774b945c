"""Shapes carried to heads whose true shapes are known (see other_topology)."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sdk.errors import MissingDependencyError, UsageError
from sdk.rigs.head import vertex_normals
from sdk.rigs.shape_set import ShapeSet, default_shapes
from sdk.rigs.solve import prepare_solve, solve_clip
from sdk.rigs.transfer import Correspondence, Mesh, carry_shapes, fit_topology
from sdk.rigs.transfer.closest import closest_points
from sdk.rigs.transfer.fit import spread_out
from sdk.rigs.transfer.warp import fit_similarity
from tests.rigs.transfer.other_topology import SIZES, OtherHead, other_head

BAR_MM = 0.2
"""Mean error of carried shapes where they move; ones not turned and scaled locally are 0.4 mm off."""


@pytest.fixture(scope="module")
def rig() -> ShapeSet:
    return default_shapes()


@pytest.fixture(scope="module")
def flame_sized() -> OtherHead:
    return other_head(SIZES["FLAME"])


def landmark_pairs(head: OtherHead, rig: ShapeSet, names=None) -> Correspondence:
    names = list(names or rig.landmarks)
    vertices = np.array([rig.landmarks[name] for name in names])
    source = np.array([head.landmarks[name] for name in names])
    whole = np.tile([1.0, 0, 0], (len(names), 1))
    return Correspondence(source, np.repeat(vertices[:, None], 3, axis=1), whole, np.ones(len(names)))


def errors(carried: ShapeSet, head: OtherHead) -> tuple[float, float]:
    """Mean millimetres off where a true shape moves by more than 0.5 mm, and of that at the lips."""
    off = np.linalg.norm(carried.shapes - head.shapes, axis=2)
    moved = np.linalg.norm(head.shapes, axis=2) > 0.5
    lips = head.lips > 0.5
    return float(off[moved].mean()), float(off[:, lips][moved[:, lips]].mean())


@pytest.fixture(scope="module")
def carried(rig, flame_sized) -> ShapeSet:
    mesh = Mesh(flame_sized.vertices, flame_sized.triangles)
    fit = fit_topology(mesh, rig, landmark_pairs(flame_sized, rig))
    assert np.median(fit.distance) < 0.5
    return carry_shapes(mesh, rig, fit)


def test_shapes_of_a_bent_head_are_true(carried, flame_sized) -> None:
    face, lips = errors(carried, flame_sized)
    assert face < BAR_MM
    assert lips < 0.35


def test_size_turn_and_place_of_the_mesh_do_not_matter(rig, flame_sized) -> None:
    turn = Rotation.from_euler("xyz", [80, -30, 200], degrees=True).as_matrix()
    moved = Mesh(0.7 * flame_sized.vertices @ turn.T + [500, -80, 20], flame_sized.triangles)
    fit = fit_topology(moved, rig, landmark_pairs(flame_sized, rig))
    carried = carry_shapes(moved, rig, fit)
    back = np.einsum("ij,kvj->kvi", turn.T / 0.7, carried.shapes)
    true = flame_sized.shapes
    size = np.linalg.norm(true, axis=2)
    assert np.linalg.norm(back - true, axis=2)[size > 0.5].mean() < BAR_MM
    assert fit.warp.similarity.scale == pytest.approx(1 / 0.7 * 0.9, rel=0.1)


def test_a_dozen_landmarks_do(rig, flame_sized) -> None:
    names = ["noseTip", "noseBase", "chin", "foreheadMiddle", "lipUpperMiddle", "lipLowerMiddle"]
    names += ["lipUpperInner", "lipLowerInner", "earLobeLeft", "earLobeRight", "mouthCornerLeft", "mouthCornerRight"]
    names += ["eyeOuterLeft", "eyeOuterRight"]
    mesh = Mesh(flame_sized.vertices, flame_sized.triangles)
    fit = fit_topology(mesh, rig, landmark_pairs(flame_sized, rig, names))
    assert errors(carry_shapes(mesh, rig, fit), flame_sized)[0] < 1.5 * BAR_MM


@pytest.mark.filterwarnings("error")
def test_three_landmarks_bring_the_mesh_near(rig, flame_sized) -> None:
    mesh = Mesh(flame_sized.vertices, flame_sized.triangles)
    fit = fit_topology(mesh, rig, landmark_pairs(flame_sized, rig, ["noseTip", "earLobeLeft", "earLobeRight"]))
    assert np.median(fit.distance) < 2.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MeshTalk", "BIWI", "ICT"])
def test_other_sizes(rig, name) -> None:
    head = other_head(SIZES[name])
    mesh = Mesh(head.vertices, head.triangles)
    carried = carry_shapes(mesh, rig, fit_topology(mesh, rig, landmark_pairs(head, rig)))
    assert carried.shapes.shape == (52, SIZES[name], 3)
    assert errors(carried, head)[0] < BAR_MM


def test_weights_come_back_through_carried_shapes(rig, carried, flame_sized) -> None:
    """The whole way: true motion of the other head, solved by shapes that were carried over to it."""
    weights = np.zeros((3, 52), np.float32)
    for row, name in enumerate(("jawOpen", "mouthSmileLeft", "mouthPucker")):
        weights[row, rig.channels.index(name)] = 0.6
    clip = flame_sized.vertices + np.einsum("tk,kvj->tvj", weights, flame_sized.shapes)
    found = solve_clip(prepare_solve(carried, noise=0), clip)
    assert (found.argmax(axis=1) == weights.argmax(axis=1)).all()
    assert np.linalg.norm(carried.pose(found) - clip, axis=2).mean() < 0.1


def test_regions_and_landmarks_come_along(carried, flame_sized) -> None:
    assert carried.regions["lips"][carried.landmarks["lipUpperInner"]] > 0.5
    for name in ("noseTip", "mouthCornerLeft", "chin"):
        here, true = carried.landmarks[name], flame_sized.landmarks[name]
        assert np.linalg.norm(flame_sized.vertices[here] - flame_sized.vertices[true]) < 2.0


def test_pairs_of_every_vertex_stand_as_they_are(rig) -> None:
    """The rig's own mesh, turned, paired vertex by vertex in another order: its shapes, turned."""
    turn = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    mesh = Mesh(rig.vertices.astype(float) @ turn.T, rig.triangles)
    order = np.random.default_rng(0).permutation(len(rig.vertices))
    whole = np.tile([1.0, 0, 0], (len(order), 1))
    pairs = Correspondence(order, np.repeat(order[:, None], 3, axis=1), whole, np.ones(len(order)))
    fit = fit_topology(mesh, rig, pairs)
    np.testing.assert_array_equal(fit.pairs.corners[:, 0], np.arange(len(order)))
    np.testing.assert_allclose(carry_shapes(mesh, rig, fit).shapes, rig.shapes @ turn.T.astype(np.float32), atol=1e-2)


def test_mirrored_landmarks_are_told(rig, flame_sized) -> None:
    other_side = {"Left": "Right", "Right": "Left"}
    swapped = {
        name: flame_sized.landmarks[name.replace(side, other_side[side])]
        for name in flame_sized.landmarks
        for side in [next((side for side in other_side if name.endswith(side)), "")]
        if side
    } | {name: v for name, v in flame_sized.landmarks.items() if not name.endswith(tuple(other_side))}
    mixed = flame_sized._replace(landmarks=swapped)
    mesh = Mesh(flame_sized.vertices, flame_sized.triangles)
    with pytest.raises(UsageError, match="mirrored"):
        fit_topology(mesh, rig, landmark_pairs(mixed, rig))


def test_too_few_landmarks_are_told(rig, flame_sized) -> None:
    mesh = Mesh(flame_sized.vertices, flame_sized.triangles)
    with pytest.raises(UsageError, match="are 2; give three"):
        fit_topology(mesh, rig, landmark_pairs(flame_sized, rig, ["noseTip", "chin"]))


def test_landmarks_on_a_line_are_told(rig) -> None:
    line = np.arange(5.0)[:, None] * [1, 2, 3]
    with pytest.raises(UsageError, match="one line"):
        fit_similarity(line, np.random.default_rng(0).normal(0, 9, (5, 3)), np.ones(5))


def test_two_landmarks_in_one_place_are_told(rig, flame_sized) -> None:
    doubled = flame_sized.vertices.copy()
    doubled[flame_sized.landmarks["noseTip"]] = doubled[flame_sized.landmarks["chin"]]
    with pytest.raises(UsageError, match="one place"):
        fit_topology(Mesh(doubled, flame_sized.triangles), rig, landmark_pairs(flame_sized, rig))


def test_vertices_that_a_seam_split_fit_as_well(rig, flame_sized, carried) -> None:
    """As glTF has them at texture seams: every vertex twice, the landmarks on the second of the two."""
    count = len(flame_sized.vertices)
    mesh = Mesh(
        np.concatenate([flame_sized.vertices] * 2),
        np.concatenate([flame_sized.triangles, flame_sized.triangles + count]).astype(np.int32),
    )
    split = flame_sized._replace(landmarks={name: v + count for name, v in flame_sized.landmarks.items()})
    both = carry_shapes(mesh, rig, fit_topology(mesh, rig, landmark_pairs(split, rig))).shapes
    np.testing.assert_array_equal(both[:, :count], both[:, count:])
    assert np.abs(both[:, :count] - carried.shapes).max() < 0.1


def test_a_rig_without_triangles_needs_every_vertex_paired(rig, flame_sized) -> None:
    bare = ShapeSet(rig.vertices, rig.shapes, rig.channels, rig.low, rig.high, landmarks=rig.landmarks)
    mesh = Mesh(flame_sized.vertices, flame_sized.triangles)
    with pytest.raises(UsageError, match="pair every vertex"):
        fit_topology(mesh, bare, landmark_pairs(flame_sized, rig))


def test_the_similarity_is_found_and_weights_decide() -> None:
    generator = np.random.default_rng(1)
    points = generator.normal(0, 30, (8, 3))
    turn = Rotation.random(rng=generator).as_matrix()
    target = 2.5 * points @ turn.T + [1, 2, 3]
    found = fit_similarity(points, target, np.ones(8))
    assert found.scale == pytest.approx(2.5)
    np.testing.assert_allclose(found.apply(points), target, atol=1e-9)
    target[0] += 50
    trusted = np.ones(8)
    trusted[0] = 1e-9
    np.testing.assert_allclose(fit_similarity(points, target, trusted).apply(points)[1:], target[1:], atol=1e-4)


def test_a_point_finds_the_side_that_faces_as_it_does() -> None:
    """Two sheets 1 mm apart, back to back, as closed lips are."""
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], float)
    vertices = np.vstack([np.c_[square, np.zeros(4)], np.c_[square, np.ones(4)]])
    triangles = np.array([[0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7]])  # the first two face down, the others up
    point = np.array([[4.0, 3.0, 0.4]])
    for normal, height in (([0.0, 0, -1], 0), ([0.0, 0, 1], 1)):
        corners, shares, distance = closest_points(point, np.array([normal]), vertices, triangles)
        np.testing.assert_allclose((vertices[corners[0]] * shares[0][:, None]).sum(axis=0), [4, 3, height], atol=1e-9)
        assert distance[0] == pytest.approx(abs(0.4 - height))


def test_points_on_a_mesh_find_themselves(rig) -> None:
    vertices = rig.vertices.astype(float)
    normals = vertex_normals(vertices, rig.triangles)
    corners, shares, distance = closest_points(vertices, normals, vertices, rig.triangles)
    assert np.quantile(distance, 0.99) < 0.05
    placed = (vertices[corners] * shares[..., None]).sum(axis=1)
    np.testing.assert_allclose(np.linalg.norm(placed - vertices, axis=1), distance, atol=1e-6)


def test_spread_points_are_far_apart() -> None:
    line = np.c_[np.arange(9.0), np.zeros((9, 2))]
    assert sorted(spread_out(line, 3).tolist()) == [0, 4, 8]
    assert len(spread_out(np.zeros((4, 3)), 3)) == 1


def test_the_extra_is_named(rig, flame_sized, monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "trimesh":
            raise ImportError("No module named 'trimesh'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    mesh = Mesh(flame_sized.vertices, flame_sized.triangles)
    with pytest.raises(MissingDependencyError, match=r"nowface\[rigs\]"):
        fit_topology(mesh, rig, landmark_pairs(flame_sized, rig))
