"""The build of the head, on small made-up assets in the published format."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.build_head import build_head, main
from sdk.rigs.crop import clip, connected_to
from sdk.rigs.errors import RigError
from sdk.rigs.head_file import read_head
from sdk.rigs.makehuman import BASE_MESH, TARGET, read_assets
from sdk.rigs.procedural_face import COLUMNS, ROWS
from tests.rigs.made_up_assets import body, shape, write_assets


@pytest.fixture(scope="module")
def assets(tmp_path_factory) -> Path:
    return write_assets(tmp_path_factory.mktemp("assets"))


def wheel_of(folder: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in sorted(folder.rglob("*.*")):
            wheel.write(path, path.relative_to(folder))
    return to


def run(assets: Path, out: Path):
    return CliRunner().invoke(main, ["--assets", str(assets), "--out", str(out)])


def test_a_folder_and_a_wheel_give_the_same_bytes(assets, tmp_path):
    wheel = wheel_of(assets, tmp_path / "made_up.whl")
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    assert run(assets, first).exit_code == 0
    assert run(wheel, second).exit_code == 0
    assert first.read_bytes() == second.read_bytes()


def test_the_written_head_holds_the_assets(assets, tmp_path):
    out = tmp_path / "head.npz"
    assert run(assets, out).exit_code == 0
    head = read_head(out)
    skin, quads = body()
    assert len(head.parts["skin"]) == 2 * len(quads)
    origin = (0, 28, 60)
    used = np.arange(COLUMNS * ROWS)
    np.testing.assert_allclose(head.vertices[used], (skin - origin)[used], atol=0.011)
    jaw = ARKIT_52.index("jawOpen")
    np.testing.assert_allclose(head.shapes[jaw, used], shape("jawOpen")[used], atol=0.011)
    assert (np.abs(head.shapes).max(axis=(1, 2)) > 1).all()


def test_origin_is_between_the_eyes_and_lips_are_paired_upper_first(assets):
    head = build_head(read_assets(assets))
    eyes = head.vertices[np.unique(head.triangles[head.parts["eyes"]])]
    np.testing.assert_allclose(eyes.mean(axis=0), 0, atol=1e-4)
    jaw = head.shapes[ARKIT_52.index("jawOpen"), :, 1]
    upper, lower = head.lip_pairs.T
    assert (jaw[upper] - jaw[lower] > 10).all()
    np.testing.assert_allclose(head.vertices[upper, 0], [0, -5, 5, -10, 10], atol=1.5)


def test_missing_and_damaged_assets_are_named(assets, tmp_path):
    assert "neither a folder nor a wheel" in run(Path(__file__), tmp_path / "x.npz").output
    assert run(tmp_path / "nowhere.whl", tmp_path / "x.npz").exit_code == 2
    empty = run(tmp_path, tmp_path / "x.npz")
    assert empty.exit_code == 2
    assert BASE_MESH in empty.output
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        (BASE_MESH, "v 1 2\n", "no vertex"),
        (BASE_MESH, "v 0 0 0\ng body\nf 1 2 3\n", "no vertex, group or quad"),
        (BASE_MESH, "v 0 0 0\ng body\nf 1 2 3 4\n", "vertices that are not there"),
        (BASE_MESH, "v 0 0 0\ng body\nf 1 1 1 1\n", "no displacement"),
        (TARGET.format("jawOpen"), "3 one 2 3\n", "no displacement"),
        (TARGET.format("jawOpen"), "3 1 2\n", "no displacement"),
        (TARGET.format("jawOpen"), "99999999 1 2 3\n", "no displacement"),
    ],
)
def test_a_damaged_file_is_a_rig_error(tmp_path, file, text, problem):
    folder = write_assets(tmp_path)
    (folder / file).write_text(text)
    with pytest.raises(RigError, match=problem):
        build_head(read_assets(folder))


def test_a_missing_group_and_missing_lips_are_named(tmp_path):
    folder = write_assets(tmp_path)
    target = folder / TARGET.format("mouthClose")
    target.write_text("3 0 1 0\n")
    with pytest.raises(RigError, match="lips"):
        build_head(read_assets(folder))
    mesh = folder / BASE_MESH
    mesh.write_text(mesh.read_text().replace("g helper-tongue", "g other"))
    with pytest.raises(RigError, match="helper-tongue"):
        build_head(read_assets(folder))


def test_clip_cuts_exactly_on_the_surface():
    """A square of two triangles cut at x = 0.25: the kept area is 0.25 and the new vertices lie on the line."""
    points = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    triangles, edges, share = clip(np.array([(0, 1, 2), (0, 2, 3)], np.int32), 0.25 - points[:, 0])
    cut = points[edges[:, 0]] * (1 - share[:, None]) + points[edges[:, 1]] * share[:, None]
    np.testing.assert_allclose(cut[:, 0], 0.25)
    corners = np.concatenate([points, cut])[triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    signed = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
    assert (signed > 0).all(), "the winding is kept"
    assert signed.sum() == pytest.approx(0.25)


def test_connected_to_leaves_islands_out():
    triangles = np.array([(0, 1, 2), (5, 6, 7), (2, 3, 4)], np.int32)
    assert connected_to(triangles, 0).tolist() == [[0, 1, 2], [2, 3, 4]]
