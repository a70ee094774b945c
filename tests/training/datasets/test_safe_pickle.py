"""Templates that are pickled by any Python or numpy are read; hostile pickles are refused and run nothing."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.training.datasets.safe_pickle import read_arrays
from sdk.training.datasets.sequence import DatasetError

FACE = np.random.default_rng(0).standard_normal((7, 3))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("array", [FACE, FACE.astype(np.float32), np.asfortranarray(FACE), FACE.astype(">f8")])
def test_every_protocol_is_read(tmp_path: Path, protocol: int, array: np.ndarray) -> None:
    path = tmp_path / "templates.pkl"
    path.write_bytes(pickle.dumps({"F1": array, "M2": array + 1}, protocol))
    read = read_arrays(path)
    assert list(read) == ["F1", "M2"]
    np.testing.assert_array_equal(read["F1"], array.astype(np.float32))
    assert read["M2"].dtype == np.float32


def test_a_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    """As Python 2 wrote it: old module names, and the bytes as a short str."""
    raw = np.array([[1.0, 2.0, 3.0]]).tobytes()
    head = b"\x80\x02}U\x02F1cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    kind = b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    body = b"(K\x01K\x01K\x03\x86" + kind + b"\x89U" + bytes([len(raw)]) + raw + b"tbs."
    (tmp_path / "templates.pkl").write_bytes(head + body)
    np.testing.assert_array_equal(read_arrays(tmp_path / "templates.pkl")["F1"], [[1.0, 2.0, 3.0]])


class Hostile:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@pytest.mark.parametrize(
    "content",
    [
        {"F1": Hostile(os.mkdir, "made")},
        Hostile(os.system, "touch made"),
        Hostile(eval, "open('made', 'w')"),
        {"F1": FACE, "F2": Hostile(getattr, Hostile, "mkdir")},
        {"F1": np.array([Hostile(os.mkdir, "made")])},
        {"F1": Hostile(np.load, "made")},
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_hostile_pickles_run_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates.pkl").write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(DatasetError, match="nothing was run"):
        read_arrays(tmp_path / "templates.pkl")
    assert [path.name for path in tmp_path.iterdir()] == ["templates.pkl"]


HUGE_SHAPE = pickle.dumps({"F1": FACE}, 2).replace(b"K\x07K\x03\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a pickle",
        b"\x80\x02}r\xff\xff\xff\x7f.",  # a memo of two thousand million places
        b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"abc",
        b"\x80\x02c__builtin__\nopen\n.",
        b"\x80\x02I1\nQ.",
        HUGE_SHAPE,
        pickle.dumps([FACE]),
        pickle.dumps({"F1": [1.0, 2.0]}),
        pickle.dumps({3: FACE}),
        pickle.dumps({"F1": FACE.astype(int)}),
        pickle.dumps({"F1": np.array([1.0, np.nan])}),
        pickle.dumps({"F1": np.array(["a"], object)}),
        b"(" * 100_000,
        b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".",
    ],
)
def test_impossible_pickles_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "templates.pkl").write_bytes(data)
    with pytest.raises(DatasetError, match=r"templates\.pkl"):
        read_arrays(tmp_path / "templates.pkl")


WHOLE = pickle.dumps({"F1": FACE}, 2)


@given(at=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255))
@settings(deadline=None, max_examples=150)
def test_a_damaged_byte_is_refused_or_changes_only_values(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.pkl"
    path.write_bytes(WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :])
    try:
        read = read_arrays(path)
    except DatasetError:
        return
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in read.values())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"templates\.pkl: cannot be read"):
        read_arrays(tmp_path / "templates.pkl")
