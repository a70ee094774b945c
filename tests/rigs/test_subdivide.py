"""The subdivision matrix against VTK's own filter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from sdk.rigs.head import default_head
from sdk.rigs.scene import Scene
from sdk.rigs.subdivide import subdivision


def subdivided_by_vtk(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(n, 3) points that VTK's filter makes of a mesh."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkFiltersModeling import vtkLoopSubdivisionFilter

    scene = Scene((8, 8), (0, 0, 0), (), (0.0, 0.0, 0.0), 1)
    look = {"colour": (0, 0, 0), "gloss": 0.0, "texture": None, "lit_at_points": False}
    mesh = scene.add(vertices, vertices, triangles, **look)
    filtered = vtkLoopSubdivisionFilter()
    filtered.SetNumberOfSubdivisions(1)
    filtered.SetInputData(mesh.data)
    filtered.Update()
    scene.close()
    return vtk_to_numpy(filtered.GetOutput().GetPoints().GetData()).copy()


@pytest.mark.parametrize("part", ["eyes", "teeth", "tongue"])
def test_it_is_vtks_loop_subdivision(part: str) -> None:
    head = default_head()
    used, corners = np.unique(head.triangles[head.parts[part]], return_inverse=True)
    triangles, vertices = corners.reshape(-1, 3).astype(np.int32), head.vertices[used]
    finer = subdivision(triangles, len(used))
    points, normals = finer.surface(vertices)
    theirs = subdivided_by_vtk(vertices, triangles)
    assert points.shape == theirs.shape
    assert cKDTree(theirs).query(points)[0].max() < 1e-4
    assert len(finer.triangles) == 4 * len(triangles)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)


def test_shares_add_up_to_one_everywhere() -> None:
    head = default_head()
    used, corners = np.unique(head.triangles[head.parts["skin"]], return_inverse=True)
    finer = subdivision(corners.reshape(-1, 3).astype(np.int32), len(used))
    np.testing.assert_allclose(finer.weights.sum(axis=1), 1, atol=1e-5)


def test_a_flat_sheet_stays_flat_and_faces_one_way() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 0]], np.float32)
    triangles = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]], np.int32)
    points, normals = subdivision(triangles, 5).surface(vertices)
    assert len(points) == 13
    assert not points[:, 2].any()
    np.testing.assert_allclose(normals, np.tile([0, 0, 1], (13, 1)), atol=1e-6)
