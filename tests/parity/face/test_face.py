"""How values become millimetres: the default head, its mesh, another mesh, and what has no face."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import UsageError
from sdk.parity.face import Face, NoFace
from sdk.parity.face.face import rows
from sdk.parity.face.region import Picked
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.measure import lip_gap
from sdk.rigs.rig_map import rig_map

HEAD = default_head()
WEIGHTS = np.random.default_rng(0).uniform(0, 0.5, (3, 52)).astype(np.float32)


def face_of(*args: object) -> Face:
    face = Face.of(*args)  # type: ignore[arg-type]
    assert isinstance(face, Face)
    return face


def test_the_52_channels_move_the_default_head_s_lips() -> None:
    face = face_of(ARKIT_52, "1", (52,))
    lips = HEAD.regions["lips"] > 0.5
    expected = (HEAD.pose(WEIGHTS) - HEAD.vertices)[:, lips]
    np.testing.assert_allclose(face.lips.moved(rows(WEIGHTS)), expected, atol=1e-4)
    assert face.word == "lip"
    np.testing.assert_allclose(face.gap(WEIGHTS), lip_gap(HEAD, WEIGHTS), atol=1e-4)


def test_channels_may_stand_in_another_order_or_be_missing() -> None:
    order = [name for name in reversed(ARKIT_52) if name != "tongueOut"]
    face = face_of(order, "1", (51,))
    without = WEIGHTS.copy()
    without[:, ARKIT_52.index("tongueOut")] = 0
    shuffled = without[:, [ARKIT_52.index(name) for name in order]]
    np.testing.assert_allclose(face.gap(shuffled), lip_gap(HEAD, without), atol=1e-4)


def test_the_default_head_s_vertices_have_its_regions() -> None:
    """The same motion as weights and as vertices is the same on the face."""
    by_weights, by_vertices = face_of(ARKIT_52, "1", (52,)), face_of((), "mm", HEAD.vertices.shape)
    vertices = HEAD.pose(WEIGHTS)
    np.testing.assert_allclose(by_vertices.gap(vertices), by_weights.gap(WEIGHTS), atol=1e-4)
    assert by_vertices.upper is not None
    assert by_vertices.upper.rest is not None
    moved = by_vertices.upper.moved(rows(vertices)) - by_vertices.upper.rest
    assert by_weights.upper is not None
    np.testing.assert_allclose(moved, by_weights.upper.moved(rows(WEIGHTS)), atol=1e-4)


def test_the_vertices_may_be_in_metres() -> None:
    face = face_of((), "m", HEAD.vertices.shape)
    np.testing.assert_allclose(face.gap(HEAD.pose(WEIGHTS) / 1000), lip_gap(HEAD, WEIGHTS), atol=1e-4)


def test_every_vertex_of_another_mesh_counts_and_is_called_so() -> None:
    face = face_of((), "mm", (5, 3))
    assert (face.word, face.lips.vertices, face.upper, face.mouth) == ("vertex", 5, None, None)
    assert face.gap(np.zeros((1, 5, 3))) is None


def test_another_mesh_may_name_its_regions() -> None:
    face = face_of((), "mm", (5, 3), {"lips": [0, 1, 0.6, 0, 0], "upper_face": [0, 0, 0, 0, 1]})
    assert face.word == "lip"
    assert isinstance(face.lips, Picked)
    assert isinstance(face.upper, Picked)
    assert (face.lips.chosen.tolist(), face.upper.chosen.tolist()) == ([1, 2], [4])


@pytest.mark.parametrize("name", ["meta_fb2_70", "android_xr_68", "a2f_68", "arkit_52_header"])
def test_another_rig_is_measured_as_arkit_is(name: str) -> None:
    weights = np.random.default_rng(0).random((4, 52), np.float32)
    there = rig_map("arkit_52", name)
    arkit, other = (face_of(channels, "1", (len(channels),)) for channels in (ARKIT_52, there.target.channels))
    values = there.apply(weights)
    np.testing.assert_allclose(other.gap(values), arkit.gap(weights), atol=1e-4)
    assert other.word == "lip"
    assert other.upper is not None


@pytest.mark.parametrize(
    ("regions", "problem"),
    [
        ({"lips": [1, 1]}, "shape (2,)"),
        ({"lips": [0, 0, 0, 0, 0.5]}, "has no vertex above 0.5"),
        ({"upper_face": [1, 1, 1, 1, 1]}, "has no 'lips'"),
    ],
)
def test_regions_that_do_not_fit_are_refused(regions: dict[str, list[float]], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        Face.of((), "mm", (5, 3), regions)
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    ("channels", "unit", "shape", "reason"),
    [
        (("smile", "frown"), "1", (2,), "its channels are not those of ARKit"),
        (("browInnerUp",), "1", (1,), "its channels are not those of ARKit"),
        ((), "1", (5, 3), "its vertices are in '1', which is no length"),
        ((), "mm", (15,), "values of shape (15,) are neither named nor vertices"),
    ],
)
def test_what_has_no_face_says_so(channels: tuple[str, ...], unit: str, shape: tuple[int, ...], reason: str) -> None:
    assert Face.of(channels, unit, shape) == NoFace(reason)
