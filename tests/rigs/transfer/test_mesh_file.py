"""Meshes of users: every vertex in the file's own order, and a clear word for what cannot be read."""

from __future__ import annotations

import json

import numpy as np
import pytest
import trimesh

from sdk.errors import UsageError
from sdk.rigs.transfer import mesh_file
from sdk.rigs.transfer.mesh_file import read_mesh

VERTICES = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [5, 5, 5], [0, 0, 1]], float)
"""Vertex 4 belongs to no face."""
TRIANGLES = np.array([[3, 2, 1], [3, 1, 0], [0, 1, 5]])
SEAMED_OBJ = """# a quad and a triangle; a texture seam runs through vertices 1 and 2
mtllib none.mtl
o head
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 5 5 5
v 0 0 1
vt 0 0
vt 1 0
vt 1 1
vt 0 1
vt .5 .5
vn 0 0 1
vn 1 0 0
g skin
usemtl one
f 4/1/1 3/2/1 2/3/1 1/4/1
g lips
usemtl two
f 1/5/2 2/2/2 6/3/2
"""


def test_an_obj_keeps_its_order_through_seams_groups_and_quads(tmp_path) -> None:
    path = tmp_path / "face.obj"
    path.write_text(SEAMED_OBJ)
    mesh = read_mesh(path)
    np.testing.assert_array_equal(mesh.vertices, VERTICES)
    assert len(mesh.triangles) == 3
    assert set(mesh.triangles.ravel().tolist()) == {0, 1, 2, 3, 5}


def test_corners_of_an_obj_may_count_back_from_the_vertices_so_far(tmp_path) -> None:
    path = tmp_path / "face.obj"
    three = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"
    path.write_text(f"{three}f -3 -2 -1\n{three}f -3/1/1 -2//2 -1\nf 1 2 -1\n")
    np.testing.assert_array_equal(read_mesh(path).triangles, [[0, 1, 2], [3, 4, 5], [0, 1, 5]])
    for corners in ("-4 -2 -1", "0 1 2", "x 1 2"):
        path.write_text(f"{three}f {corners}\n{three}")
        refused(path, "damaged")


@pytest.mark.parametrize("suffix", [".ply", ".glb"])
def test_other_kinds_keep_their_order(tmp_path, suffix) -> None:
    path = tmp_path / f"face{suffix}"
    trimesh.Trimesh(VERTICES, TRIANGLES, process=False).export(path)
    mesh = read_mesh(path, "mm")
    np.testing.assert_allclose(mesh.vertices, VERTICES)
    np.testing.assert_array_equal(mesh.triangles, TRIANGLES)


def test_a_ply_as_text(tmp_path) -> None:
    path = tmp_path / "face.ply"
    path.write_bytes(trimesh.Trimesh(VERTICES, TRIANGLES, process=False).export(file_type="ply", encoding="ascii"))
    np.testing.assert_allclose(read_mesh(path).vertices, VERTICES)


@pytest.mark.parametrize(("suffix", "unit", "scale"), [(".obj", None, 1), (".obj", "m", 1000), (".glb", None, 1000)])
def test_lengths_become_millimetres(tmp_path, suffix, unit, scale) -> None:
    path = tmp_path / f"face{suffix}"
    trimesh.Trimesh(VERTICES, TRIANGLES, process=False).export(path)
    np.testing.assert_allclose(read_mesh(path, unit).vertices, VERTICES * scale)


def refused(path, match, unit=None) -> None:
    with pytest.raises(UsageError, match=match):
        read_mesh(path, unit)


def test_what_is_no_mesh_is_refused(tmp_path) -> None:
    refused(tmp_path / "face.obj", "No such file")
    refused(tmp_path / "face.fbx", "its kind of file is unknown")
    path = tmp_path / "face.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n")
    refused(path, r"face\.obj")
    path.write_text("v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n")
    refused(path, "NaN")
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n")
    refused(path, r"face\.obj")
    path.write_text("")
    refused(path, r"face\.obj")
    path.write_text(SEAMED_OBJ)
    refused(path, "unit: inch is unknown", "inch")


def test_several_meshes_are_named(tmp_path) -> None:
    path = tmp_path / "face.glb"
    scene = trimesh.Scene()
    scene.add_geometry(trimesh.creation.box(), geom_name="skin")
    scene.add_geometry(trimesh.creation.icosphere(subdivisions=1), geom_name="eyes")
    scene.export(path)
    refused(path, r"holds 2 meshes \(skin, eyes\)")


def test_a_huge_file_is_not_read(tmp_path, monkeypatch) -> None:
    path = tmp_path / "face.obj"
    path.write_text(SEAMED_OBJ)
    monkeypatch.setattr(mesh_file, "MAX_BYTES", 100)
    refused(path, "has more than")


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".obj"])
def test_damage_never_comes_through_as_something_else(tmp_path, suffix) -> None:
    path = tmp_path / f"face{suffix}"
    trimesh.Trimesh(VERTICES, TRIANGLES, process=False).export(path)
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for place in generator.integers(0, len(whole), 4):
            damaged[place] = generator.integers(0, 256)
        path.write_bytes(bytes(damaged[: generator.integers(1, len(whole) + 1)]))
        try:
            mesh = read_mesh(path)
        except UsageError:
            continue
        assert np.isfinite(mesh.vertices).all()
        assert 0 <= mesh.triangles.min() <= mesh.triangles.max() < len(mesh.vertices)


def test_a_gltf_without_numbers_or_with_too_many(tmp_path) -> None:
    path = tmp_path / "face.gltf"
    primitive = {"attributes": {"POSITION": 0}, "mode": 4}
    tree = {"asset": {"version": "2.0"}, "meshes": [{"primitives": [primitive]}], "nodes": [{"mesh": 0}]}
    tree |= {"scenes": [{"nodes": [0]}], "scene": 0}
    path.write_text(json.dumps(tree))
    refused(path, r"face\.gltf")
    for count in (1 << 25, 10**12, 10**30):
        many = {"componentType": 5126, "count": count, "type": "VEC3"}
        path.write_text(json.dumps(tree | {"accessors": [many]}))
        refused(path, "claims more than 16777216")


def test_a_gltf_whose_buffer_is_gone(tmp_path) -> None:
    path = tmp_path / "face.gltf"
    path.write_text(json.dumps({"asset": {"version": "2.0"}, "buffers": [{"uri": "gone.bin", "byteLength": 12}]}))
    refused(path, r"face\.gltf")
