"""The file of a head: what is written comes back, and damage is told."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.errors import RigError
from sdk.rigs.head import HEAD_FILE, Head, default_head
from sdk.rigs.head_file import STEP, read_head, write_head


def random_head(seed: int, vertices: int, density: float) -> Head:
    """A head whose lengths are whole steps; no sense, but every array is used."""
    random = np.random.default_rng(seed)
    lengths = random.integers(-32767, 32768, (vertices, 3)) * STEP
    deltas = random.integers(-500, 501, (len(ARKIT_52), vertices, 3)) * STEP
    deltas *= random.random((len(ARKIT_52), vertices, 1)) < density
    deltas[0, 0] = 1
    triangles = random.integers(0, vertices, (7, 3)).astype(np.int32)
    masks = {name: random.integers(0, 256, vertices) / np.float32(255) for name in ("lips", "jaw")}
    return Head(
        lengths.astype(np.float32),
        triangles,
        deltas.astype(np.float32),
        {name: mask.astype(np.float32) for name, mask in masks.items()},
        {"skin": np.arange(4, dtype=np.int32), "eyes": np.arange(4, 7, dtype=np.int32)},
        np.array([(0, vertices - 1)], np.int32),
    )


@given(seed=st.integers(0, 2**32 - 1), vertices=st.integers(1, 90), density=st.floats(0, 1))
@settings(deadline=None, max_examples=25)
def test_a_head_comes_back_as_it_was_written(tmp_path_factory, seed, vertices, density):
    path = tmp_path_factory.mktemp("head") / "head.npz"
    head = random_head(seed, vertices, density)
    write_head(path, head)
    back = read_head(path)
    for field in ("vertices", "triangles", "shapes", "lip_pairs"):
        np.testing.assert_array_equal(getattr(back, field), getattr(head, field))
    for mine, theirs in ((back.regions, head.regions), (back.parts, head.parts)):
        assert list(mine) == list(theirs)
        for name, array in theirs.items():
            np.testing.assert_array_equal(mine[name], array)


def test_the_shipped_file_writes_itself_again(tmp_path):
    write_head(tmp_path / "a.npz", default_head())
    write_head(tmp_path / "b.npz", default_head())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(HEAD_FILE) as shipped, np.load(tmp_path / "a.npz") as again:
        assert shipped.files == again.files
        for name in shipped.files:
            assert shipped[name].dtype == again[name].dtype
            np.testing.assert_array_equal(shipped[name], again[name])


def test_the_provenance_file_names_the_shipped_bytes():
    digest = hashlib.sha256(HEAD_FILE.read_bytes()).hexdigest()
    assert digest in HEAD_FILE.with_suffix(".md").read_text()


def test_a_missing_file_is_a_rig_error(tmp_path):
    with pytest.raises(RigError, match="cannot be read"):
        read_head(tmp_path / "none.npz")


@given(cut=st.floats(0, 0.999))
@settings(deadline=None, max_examples=20)
def test_a_truncated_file_is_a_rig_error(tmp_path_factory, cut):
    content = HEAD_FILE.read_bytes()
    path = tmp_path_factory.mktemp("head") / "cut.npz"
    path.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(RigError):
        read_head(path)


@given(at=st.floats(0, 0.95), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=40)
def test_a_flipped_bit_is_never_another_error(tmp_path_factory, at, bit):
    content = bytearray(HEAD_FILE.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path = tmp_path_factory.mktemp("head") / "flipped.npz"
    path.write_bytes(content)
    with contextlib.suppress(RigError):
        read_head(path)


CHANGES = {
    "missing": (lambda arrays: arrays.pop("vertices"), "vertices is missing"),
    "kind": (lambda arrays: arrays.update(vertices=arrays["vertices"].astype(float)), "vertices has type"),
    "axes": (lambda arrays: arrays.update(triangles=arrays["triangles"].ravel()), "triangles has type"),
    "format": (lambda arrays: arrays.update(format=np.int64(2)), "format 2"),
    "channels": (lambda arrays: arrays.update(channels=arrays["channels"][::-1]), "not the 52"),
    "count": (lambda arrays: arrays.update(shape_deltas=arrays["shape_deltas"][1:]), "shape_deltas has shape"),
    "masks": (lambda arrays: arrays.update(regions=arrays["regions"][:, 1:]), "regions has shape"),
    "pairs": (lambda arrays: arrays.update(lip_pairs=arrays["lip_pairs"][:0]), "lip_pairs has shape"),
    "range": (lambda arrays: arrays.update(triangles=arrays["triangles"] + np.uint16(9000)), "triangles points at"),
    "part": (lambda arrays: arrays.update(part_names=arrays["part_names"][:2]), "triangle_parts points at"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_arrays_that_do_not_fit_are_named(tmp_path, change):
    with np.load(HEAD_FILE) as file:
        arrays = dict(file)
    spoil, problem = CHANGES[change]
    spoil(arrays)
    np.savez_compressed(tmp_path / "bad.npz", **arrays)
    with pytest.raises(RigError, match=problem):
        read_head(tmp_path / "bad.npz")


def test_a_file_that_unpacks_to_very_much_is_not_read(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vertices.npy", bytes(17 << 20))
    with pytest.raises(RigError, match="MiB"):
        read_head(path)


def test_a_pickle_is_not_run(tmp_path):
    np.savez(tmp_path / "objects.npz", vertices=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(RigError, match="damaged"):
        read_head(tmp_path / "objects.npz")
