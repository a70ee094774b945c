"""Pictures of the head: what has to be seen is seen."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import MissingDependencyError, UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import Head, default_head
from sdk.rigs.render import FaceRenderer, render
from sdk.rigs.scene import require_vtk
from sdk.rigs.surfaces import in_mouth

SIZE = (120, 150)


@pytest.fixture(scope="module")
def head() -> Head:
    return default_head()


@pytest.fixture(scope="module")
def renderer(head):
    with FaceRenderer(head, SIZE) as opened:
        yield opened


def weights(*names: str) -> np.ndarray:
    return np.isin(ARKIT_52, names).astype(np.float32)


def changed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(height, width) which pixels differ clearly."""
    return np.abs(a.astype(int) - b).max(axis=2) > 30


def test_the_head_stands_in_the_middle_of_an_even_background(renderer):
    picture = renderer.draw()
    assert picture.shape == (150, 120, 3)
    assert picture.dtype == np.uint8
    background = picture[0, 0].astype(int)
    drawn = np.abs(picture - background).max(axis=2) > 8
    assert not drawn[:, :3].any()
    assert not drawn[:, -3:].any()
    rows, columns = np.nonzero(drawn)
    assert abs(columns.mean() - 59.5) < 3
    assert np.ptp(rows) > 110
    red, green, blue = picture[drawn].mean(axis=0)
    assert red > green > blue, "skin is warm"


def test_weights_and_their_vertices_give_one_picture(head, renderer):
    chosen = weights("jawOpen")
    np.testing.assert_array_equal(renderer.draw(chosen), renderer.draw(head.pose(chosen)))


def test_the_jaw_changes_the_lower_half_and_the_lids_the_upper(renderer):
    rest = renderer.draw()
    jaw = np.nonzero(changed(renderer.draw(weights("jawOpen")), rest))[0]
    lids = np.nonzero(changed(renderer.draw(weights("eyeBlinkLeft", "eyeBlinkRight")), rest))[0]
    assert len(jaw) > 100
    assert len(lids) > 40
    assert lids.max() < jaw.min()
    assert not changed(renderer.draw(), rest).any(), "nothing of the last picture stays"


def test_a_turned_camera_sees_the_faces_left(head):
    """The face's own left is on the right of a picture from the front; from the left the nose points to the left."""
    lit = render(head, weights("eyeBlinkLeft"), SIZE).astype(int) - render(head, None, SIZE)
    assert np.nonzero(np.abs(lit).max(axis=2) > 30)[1].min() > 60
    turned = render(head, None, SIZE, turn=60)
    drawn = np.abs(turned.astype(int) - turned[0, 0]).max(axis=2) > 8
    row_of_nose = slice(62, 78)
    front, back = np.nonzero(drawn[row_of_nose])[1].min(), np.nonzero(drawn[row_of_nose])[1].max()
    assert front < 59 < back


def test_the_back_of_the_head_has_no_face(head):
    """From behind, all that is drawn is skin: no brow, no lips."""
    assert np.percentile(redness(render(head, None, SIZE, turn=180)), 99) < 1.45
    assert np.percentile(redness(render(head, None, SIZE)), 99) > 1.45, "lips are redder than skin"


def redness(picture: np.ndarray) -> np.ndarray:
    """(n,) red over green of what is drawn."""
    picture = picture.astype(int)
    drawn = np.abs(picture - picture[0, 0]).max(axis=2) > 12
    red, green, _ = picture[drawn].T
    return red / np.maximum(green, 1)


def test_the_inside_of_the_mouth_is_found(head):
    skin = head.triangles[head.parts["skin"]]
    inside = np.unique(skin[in_mouth(head, skin)])
    assert 100 < len(inside) < 1500
    assert head.vertices[inside, 1].max() < -30
    assert not np.isin(head.lip_pairs[:3], inside).any()


def test_light_at_the_points_looks_like_light_at_the_pixels(head, monkeypatch):
    """The oracle is VTK's own shading, at each pixel; a wrong light or gloss is off by 10 and more on whole cheeks."""
    face, size = weights("jawOpen", "mouthSmileLeft"), (480, 600)
    fast = render(head, face, size)
    monkeypatch.setattr("sdk.rigs.render.DENSE", np.inf)
    off = np.abs(fast.astype(int) - render(head, face, size))
    assert 0 < off.mean() < 0.2
    assert np.percentile(off, 99.9) <= 6


def test_a_picture_is_kept_when_the_next_is_drawn(renderer):
    first = renderer.draw()
    kept = first.copy()
    again = renderer.draw()
    renderer.draw(weights("jawOpen"))
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(again, kept)


@pytest.mark.parametrize("bad", [np.zeros(51), np.zeros((3, 52)), np.full(52, np.nan)])
def test_a_face_that_cannot_be_drawn_is_refused(renderer, bad):
    with pytest.raises(UsageError):
        renderer.draw(bad)


def test_vertices_that_are_not_finite_are_refused(head, renderer):
    with pytest.raises(UsageError, match="finite"):
        renderer.draw(np.where(head.vertices > 100, np.nan, head.vertices))


def test_an_empty_picture_is_refused(head):
    with pytest.raises(UsageError, match="pixel"):
        render(head, None, (0, 10))


def test_without_vtk_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "vtkmodules.vtkRenderingOpenGL2", None)
    with pytest.raises(MissingDependencyError, match=r"nowface\[render\]"):
        require_vtk()


def test_without_a_display_or_egl_the_package_is_named(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr("sdk.rigs.scene.find_library", lambda name: None)
    with pytest.raises(MissingDependencyError, match="libegl1"):
        require_vtk()
