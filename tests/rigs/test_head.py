"""The head that ships: its shapes, parts, masks and measures."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import Head, default_head, vertex_normals
from sdk.rigs.measure import lip_gap, lip_gap_basis, lip_protrusion, lip_protrusion_basis

PAIRS = [(name, name[:-4] + "Right") for name in ARKIT_52 if name.endswith("Left")]


@pytest.fixture(scope="module")
def head() -> Head:
    return default_head()


def weights(**chosen: float) -> np.ndarray:
    result = np.zeros(len(ARKIT_52), np.float32)
    for name, weight in chosen.items():
        result[ARKIT_52.index(name)] = weight
    return result


def test_names_are_apples_52():
    assert len(set(ARKIT_52)) == 52
    assert (ARKIT_52[0], ARKIT_52[17], ARKIT_52[51]) == ("eyeBlinkLeft", "jawOpen", "tongueOut")
    assert all(right in ARKIT_52 for _, right in PAIRS)
    assert len(PAIRS) == 20


def test_sizes(head):
    vertices = len(head.vertices)
    assert head.vertices.dtype == head.shapes.dtype == np.float32
    assert head.triangles.dtype == head.lip_pairs.dtype == np.int32
    assert head.shapes.shape == (52, vertices, 3)
    assert 4000 < vertices < 6000
    width, height, depth = np.ptp(head.vertices, axis=0)
    assert 140 < width < 200
    assert 230 < height < 320
    assert 180 < depth < 230


def test_every_vertex_is_used_and_every_triangle_has_one_part(head):
    assert len(np.unique(head.triangles)) == len(head.vertices)
    parted = np.concatenate(list(head.parts.values()))
    assert sorted(parted) == list(range(len(head.triangles)))
    assert list(head.parts) == ["skin", "eyes", "teeth", "tongue"]
    assert all(len(part) for part in head.parts.values())


def test_arrays_cannot_be_written_by_accident(head):
    with pytest.raises(ValueError, match="read-only"):
        head.vertices[0] = 0


@pytest.mark.parametrize("channel", range(52), ids=ARKIT_52)
def test_every_shape_moves_something_visible(head, channel):
    moved = np.linalg.norm(head.shapes[channel], axis=1)
    assert 1 < moved.max() < 60, "millimetres"


@pytest.fixture(scope="module")
def twin(head) -> np.ndarray:
    """The vertex that stands mirrored to each vertex."""
    return nearest(head.vertices, head.vertices * (-1, 1, 1))


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_left_and_right_shapes_mirror_each_other(head, twin, left, right):
    """Mirrored at the middle plane, the two shapes agree; the published targets are made by hand, hence the slack."""
    mirror = np.array([-1, 1, 1])
    moved = {side: head.shapes[ARKIT_52.index(name)] for side, name in (("left", left), ("right", right))}
    lateral = left in ("jawLeft", "mouthLeft")
    for side, sign in (("left", 1), ("right", -1)):
        weight = np.linalg.norm(moved[side], axis=1)
        centre = (weight @ head.vertices[:, 0]) / weight.sum()
        shift = moved[side][:, 0].sum()
        assert np.sign(shift if lateral else centre) == sign, f"{side} is the face's own {side}"
    difference = np.abs(moved["left"] - moved["right"][twin] * mirror)
    assert difference.max() < 4.0
    assert difference.mean() < 0.02 * np.abs(moved["left"]).max()


def nearest(points: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    distance = ((wanted**2).sum(1)[:, None] - 2 * wanted @ points.T) + (points**2).sum(1)
    return distance.argmin(axis=1)


def test_pose_adds_weighted_shapes(head):
    random = np.random.default_rng(0).random((2, 3, 52)).astype(np.float32)
    posed = head.pose(random)
    assert posed.shape == (2, 3, *head.vertices.shape)
    expected = head.vertices + np.einsum("c,cvx->vx", random[1, 2], head.shapes)
    np.testing.assert_allclose(posed[1, 2], expected, atol=1e-4)
    np.testing.assert_array_equal(head.pose(np.zeros(52)), head.vertices)
    basis, offset = head.basis()
    assert np.linalg.matrix_rank(basis.reshape(52, -1)) == 52
    np.testing.assert_allclose(head.vertices + offset + np.tensordot(random[0, 0], basis, 1), posed[0, 0], atol=1e-4)


@pytest.mark.parametrize("bad", [np.zeros(51), np.float32(1), np.full(52, np.nan), np.full((2, 52), np.inf)])
def test_wrong_weights_are_refused(head, bad):
    for use in (head.pose, lambda w: lip_gap(head, w), lambda w: lip_protrusion(head, w)):
        with pytest.raises(UsageError, match="weights"):
            use(bad)


def test_jaw_opens_the_lips(head):
    rest, per_channel = lip_gap_basis(head)
    assert 0 < rest < 0.5
    assert per_channel[ARKIT_52.index("jawOpen")] == pytest.approx(34.2, abs=0.05)
    assert per_channel[ARKIT_52.index("mouthClose")] == pytest.approx(-34.2, abs=0.05)
    for lifts in ("mouthUpperUpLeft", "mouthLowerDownLeft", "mouthFunnel"):
        assert per_channel[ARKIT_52.index(lifts)] > 1


@pytest.mark.parametrize("strength", [0.1, 0.35, 0.7, 1.0])
def test_mouth_close_seals_an_open_jaw(head, strength):
    """With equal weights the middle comes back to its rest gap within 0.01 mm, every lip pair within 0.2 mm."""
    sealed = weights(jawOpen=strength, mouthClose=strength)
    rest, _ = lip_gap_basis(head)
    assert lip_gap(head, sealed) == pytest.approx(rest, abs=0.01)
    upper, lower = head.lip_pairs.T
    posed = head.pose(sealed)
    at_rest = head.vertices[upper, 1] - head.vertices[lower, 1]
    np.testing.assert_allclose(posed[upper, 1] - posed[lower, 1], at_rest, atol=0.205)


def test_measures_are_what_the_posed_mesh_shows(head):
    random = np.random.default_rng(1).random((20, 52)).astype(np.float32)
    posed = head.pose(random)
    upper, lower = head.lip_pairs[0]
    np.testing.assert_allclose(lip_gap(head, random), posed[:, upper, 1] - posed[:, lower, 1], atol=1e-4)
    forward = posed[:, upper, 2] - head.vertices[upper, 2]
    np.testing.assert_allclose(lip_protrusion(head, random), forward, atol=1e-4)
    assert lip_protrusion_basis(head)[ARKIT_52.index("mouthPucker")] > 6


def test_regions_are_soft_masks_where_they_should_be(head):
    eyes, lips = np.zeros(3), head.vertices[head.lip_pairs[0, 0]]
    centres = {"lips": lips, "eyelids": eyes, "upper_face": eyes, "mouth": lips, "jaw": lips - [0, 25, 0]}
    assert set(head.regions) == set(centres)
    skin = np.zeros(len(head.vertices), bool)
    skin[head.triangles[head.parts["skin"]]] = True
    for name, mask in head.regions.items():
        assert mask.dtype == np.float32
        assert (mask.min(), mask.max()) == (0, 1)
        assert ((mask > 0.02) & (mask < 0.98)).any(), "its border is soft"
        middle = np.average(head.vertices[skin], axis=0, weights=mask[skin])
        assert abs(middle[0]) < 1.0
        assert abs(middle[1] - centres[name][1]) < 25
    assert (head.regions["lips"][head.lip_pairs] == 1).all()
    assert (np.minimum(head.regions["lips"], head.regions["eyelids"]) == 0).all()
    assert (np.minimum(head.regions["mouth"], head.regions["eyelids"]) < 0.2).all()


@pytest.mark.parametrize(
    ("region", "shape"),
    [("eyelids", "eyeBlinkLeft"), ("lips", "mouthRollUpper"), ("jaw", "jawOpen"), ("mouth", "jawOpen")],
)
def test_a_region_holds_most_of_its_shapes_motion(head, region, shape):
    moved = np.linalg.norm(head.shapes[ARKIT_52.index(shape)], axis=1)
    assert moved @ head.regions[region] > 0.5 * moved.sum()


def test_the_cut_stands_still(head):
    """The edge of the neck moves under no shape, so a body can be joined to it."""
    edges = np.sort(head.triangles[head.parts["skin"]][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    once, count = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(once[count == 1])
    assert len(border) > 30
    assert not head.shapes[:, border].any()
    from_centre = np.linalg.norm(head.vertices[border] - (0, -28, -94), axis=1)
    np.testing.assert_allclose(from_centre, 160, atol=2.5)


def test_normals_are_unit_and_point_outwards(head):
    normals = vertex_normals(head.vertices, head.triangles)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    nose = head.vertices[:, 2].argmax()
    assert normals[nose, 2] > 0.8


def test_normals_of_a_vertex_without_triangles_are_zero():
    vertices = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (5, 5, 5)], np.float32)
    normals = vertex_normals(vertices, np.array([(0, 1, 2)], np.int32))
    np.testing.assert_array_equal(normals, [(0, 0, 1)] * 3 + [(0, 0, 0)])
