"""Shape sets and their file."""

from __future__ import annotations

import zipfile
from functools import partial

import numpy as np
import pytest

from sdk.arrays_file import read_arrays
from sdk.errors import UsageError
from sdk.rigs import shape_file
from sdk.rigs.errors import RigError
from sdk.rigs.shape_file import read_shapes, write_shapes
from sdk.rigs.shape_set import ShapeSet, default_shapes


def small(**changes) -> ShapeSet:
    generator = np.random.default_rng(0)
    arguments = {
        "vertices": generator.normal(0, 9, (5, 3)).astype(np.float32),
        "shapes": generator.normal(0, 3, (2, 5, 3)).astype(np.float32),
        "channels": ("open", "wide"),
        "low": np.array([0, -1], np.float32),
        "high": np.array([1, 1], np.float32),
        "triangles": np.array([[0, 1, 2], [2, 3, 4]], np.int32),
        "regions": {"lips": np.linspace(0, 1, 5, dtype=np.float32)},
    }
    return ShapeSet(**(arguments | changes))


HEADERS = {
    "huge": b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999,)}",
    "beyond counting": b"{'descr': '<f4', 'fortran_order': False, 'shape': (1" + b"0" * 30 + b",)}",
    "unclosed": b"{'descr': '<f4',",
}


@pytest.mark.parametrize("header", HEADERS)
def test_hostile_arrays_are_refused(header: str, tmp_path) -> None:
    text = HEADERS[header] + b"\n"
    with zipfile.ZipFile(tmp_path / "shapes.npz", "w") as archive:
        archive.writestr("vertices.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\0" * 64)
    with pytest.raises(UsageError, match=r"shapes\.npz.*damaged"):
        read_arrays(tmp_path / "shapes.npz", UsageError, "mend")


def test_pose_is_linear_in_the_weights() -> None:
    shapes = small()
    posed = shapes.pose([[0, 0], [1, 0], [0.5, -1]])
    np.testing.assert_array_equal(posed[0], shapes.vertices)
    np.testing.assert_allclose(posed[2], shapes.vertices + 0.5 * shapes.shapes[0] - shapes.shapes[1], atol=1e-5)


def test_the_default_head_poses_as_ever() -> None:
    from sdk.rigs.head import default_head

    weights = np.random.default_rng(1).uniform(0, 1, 52)
    np.testing.assert_array_equal(default_shapes().pose(weights), default_head().pose(weights))


BAD = {
    "no channels": {"channels": ()},
    "a name twice": {"channels": ("open", "open")},
    "shapes of other vertices": {"shapes": np.zeros((2, 4, 3), np.float32)},
    "NaN": {"vertices": np.full((5, 3), np.nan, np.float32)},
    "an empty range": {"low": np.array([2, -1], np.float32)},
    "a mask of other vertices": {"regions": {"lips": np.zeros(4, np.float32)}},
    "a triangle outside": {"triangles": np.array([[0, 1, 5]], np.int32)},
    "a negative index": {"triangles": np.array([[0, 1, -1]], np.int32)},
    "quads": {"triangles": np.zeros((2, 4), np.int32)},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_a_set_that_does_not_fit_is_refused(changes) -> None:
    with pytest.raises(UsageError):
        small(**changes)


@pytest.mark.parametrize("changes", [{}, {"regions": {}, "triangles": np.zeros((0, 3), np.int32)}], ids=["all", "bare"])
def test_a_file_holds_every_bit(tmp_path, changes) -> None:
    path = tmp_path / "shapes.npz"
    written = small(**changes)
    write_shapes(path, written)
    read = read_shapes(path)
    for name in ("vertices", "shapes", "low", "high", "triangles"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    assert read.channels == written.channels
    assert list(read.regions) == list(written.regions)


def test_a_file_of_three_arrays_is_enough(tmp_path) -> None:
    path = tmp_path / "shapes.npz"
    np.savez(path, vertices=np.zeros((4, 3)), shapes=np.ones((1, 4, 3)), channels=np.array(["open"]))
    read = read_shapes(path)
    assert read.vertices.dtype == np.float32
    assert read.low.tolist() == [0]
    assert read.high.tolist() == [1]


DAMAGE = {
    "no vertices": lambda arrays: arrays.pop("vertices"),
    "another format": lambda arrays: arrays.update(format=np.int64(7)),
    "text for numbers": lambda arrays: arrays.update(shapes=np.array(["a"])),
    "numbers for names": lambda arrays: arrays.update(channels=np.arange(2)),
    "NaN": lambda arrays: arrays.update(shapes=np.full((2, 5, 3), np.nan)),
    "beyond float32": lambda arrays: arrays.update(vertices=np.full((5, 3), 1e300)),
    "a nameless region": lambda arrays: arrays.update(region_names=np.zeros(0, np.str_)),
    "a huge index": lambda arrays: arrays.update(triangles=np.array([[0, 1, 2**40 + 9]])),
    "objects": lambda arrays: arrays.update(low=np.array([{}, {}], object)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_refused(tmp_path, damage) -> None:
    path = tmp_path / "shapes.npz"
    write_shapes(path, small())
    with np.load(path) as file:
        arrays = dict(file)
    damage(arrays)
    np.savez(path, **arrays)
    with pytest.raises(RigError, match=r"shapes\.npz"):
        read_shapes(path)


def test_cut_files_are_refused(tmp_path) -> None:
    path = tmp_path / "shapes.npz"
    write_shapes(path, small())
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(RigError):
            read_shapes(path)
    with pytest.raises(RigError, match="cannot be read"):
        read_shapes(tmp_path / "none.npz")


def test_a_file_that_would_fill_the_memory_is_not_read(tmp_path, monkeypatch) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("shapes.npy", bytes((5 << 20) + 1))
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(shape_file, "read_arrays", partial(read_arrays, most=5 << 20))
    with pytest.raises(RigError, match="claims more than 5 MiB"):
        read_shapes(path)
