"""Pairs of points and their files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import UsageError
from sdk.rigs.transfer import correspondence_file
from sdk.rigs.transfer.correspondence import Correspondence, checked_pairs
from sdk.rigs.transfer.correspondence_file import read_pairs, write_blank_landmarks, write_pairs

PLACES = {"noseTip": 7, "chin": 9}

CSV = """source,landmark,vertex,a,b,c,share_a,share_b,share_c,weight
3,noseTip,,,,,,,,2
,chin,,,,,,,,
4,,5,,,,,,,
5,,,1,2,3,0.5,0.25,0.25,
"""
JSON = {
    "nowface_pairs": 1,
    "pairs": [
        {"source": 3, "landmark": "noseTip", "weight": 2},
        {"source": 4, "vertex": 5},
        {"source": 5, "a": 1, "b": 2, "c": 3, "share_a": 0.5, "share_b": 0.25, "share_c": 0.25},
    ],
}


@pytest.mark.parametrize(("name", "text"), [("pairs.csv", CSV), ("pairs.json", json.dumps(JSON))])
def test_three_ways_to_name_a_point(tmp_path, name, text) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8-sig" if name.endswith("csv") else "utf-8")
    pairs = checked_pairs(read_pairs(path, PLACES), 10, 10)
    assert pairs.source.tolist() == [3, 4, 5]
    assert pairs.corners.tolist() == [[7, 7, 7], [5, 5, 5], [1, 2, 3]]
    assert pairs.weights.tolist() == [2, 1, 1]
    values = np.arange(20.0).reshape(10, 2)
    np.testing.assert_allclose(pairs.at(values), [values[7], values[5], values[1:4].T @ [0.5, 0.25, 0.25]])
    np.testing.assert_allclose(pairs.at(np.stack([values, -values]))[1], -pairs.at(values))


BAD_CSV = {
    "no header": "1,2,3\n",
    "an unknown column": "source,nose\n1,2\n",
    "a column twice": "source,vertex,vertex\n1,2,3\n",
    "no number": "source,vertex\nx,2\n",
    "a negative vertex": "source,vertex\n-1,2\n",
    "a fraction of a vertex": "source,vertex\n1.5,2\n",
    "nothing on the rig": "source,vertex\n1,\n",
    "two things on the rig": "source,vertex,landmark\n1,2,noseTip\n",
    "an unknown landmark": "source,landmark\n1,ear\n",
    "a corner without its share": "source,a,b,c,share_a\n1,1,2,3,1\n",
    "a number that is none": "source,vertex,weight\n1,2,nan\n",
    "a short row": "source,vertex,weight\n1,2\n",
    "a long row": "source,vertex\n1,2,3\n",
    "an open quote": 'source,vertex\n"1,2\n',
    "empty": "",
}


@pytest.mark.parametrize("text", BAD_CSV.values(), ids=BAD_CSV)
def test_a_bad_table_is_refused(tmp_path, text) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"pairs\.csv"):
        read_pairs(path, PLACES)


def test_a_bad_line_is_named(tmp_path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("source,vertex\n1,2\n3,x\n")
    with pytest.raises(UsageError, match="line 3: vertex"):
        read_pairs(path, PLACES)


BAD_JSON = {
    "a list": "[]",
    "no version": '{"pairs": []}',
    "another version": '{"nowface_pairs": 2, "pairs": []}',
    "an unknown key": '{"nowface_pairs": 1, "pairs": [{"source": 1, "vertex": 2, "nose": 3}]}',
    "infinite": '{"nowface_pairs": 1, "pairs": [{"source": 1, "vertex": 2, "weight": 1e999}]}',
    "deep": '{"nowface_pairs": 1, "pairs": ' + "[" * 5000 + "]" * 5000 + "}",
    "cut": '{"nowface_pairs": 1, "pairs": [{"sou',
}


@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON)
def test_a_bad_object_is_refused(tmp_path, text) -> None:
    path = tmp_path / "pairs.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"pairs\.json"):
        read_pairs(path, PLACES)


def test_other_files_are_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(UsageError, match="its kind of file"):
        read_pairs(tmp_path / "pairs.txt", PLACES)
    with pytest.raises(UsageError, match="No such file"):
        read_pairs(tmp_path / "pairs.csv", PLACES)
    (tmp_path / "pairs.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"pairs\.csv"):
        read_pairs(tmp_path / "pairs.csv", PLACES)
    monkeypatch.setattr(correspondence_file, "MAX_BYTES", 2)
    with pytest.raises(UsageError, match="has more than"):
        read_pairs(tmp_path / "pairs.csv", PLACES)


def test_blank_landmarks_are_filled_in_as_far_as_one_likes(tmp_path) -> None:
    path = tmp_path / "pairs.csv"
    write_blank_landmarks(path, PLACES)
    assert len(read_pairs(path, PLACES).source) == 0
    path.write_text(path.read_text().replace(",chin", "12,chin"))
    pairs = read_pairs(path, PLACES)
    assert pairs.source.tolist() == [12]
    assert pairs.corners.tolist() == [[9, 9, 9]]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read(tmp_path_factory, count, seed) -> None:
    generator = np.random.default_rng(seed)
    shares = generator.dirichlet([0.5] * 3, count)
    written = Correspondence(
        generator.permutation(count), generator.integers(0, 99, (count, 3)), shares, generator.uniform(0.1, 2, count)
    )
    path = tmp_path_factory.mktemp("pairs") / "dense.csv"
    write_pairs(path, written, np.zeros(count))
    read = checked_pairs(read_pairs(path, {}), count, 99)
    np.testing.assert_array_equal(read.source, written.source)
    np.testing.assert_array_equal(read.corners, written.corners)
    np.testing.assert_allclose(read.barycentric, written.barycentric, atol=1e-6)
    np.testing.assert_allclose(read.weights, written.weights, rtol=1e-4)


def pairs_of(source, corner, shares=(1.0, 0.0, 0.0), weight=1.0) -> Correspondence:
    count = len(source)
    return Correspondence(
        np.array(source, np.int64),
        np.repeat(np.array(corner, np.int64)[:, None], 3, axis=1).reshape(count, 3),
        np.tile(np.array(shares, float), (count, 1)),
        np.full(count, weight),
    )


BAD_PAIRS = {
    "none": (pairs_of([], []), "has no pairs"),
    "a source outside": (pairs_of([10], [0]), "source vertex 10"),
    "a corner outside": (pairs_of([0], [10]), "rig vertex 10"),
    "a source twice": (pairs_of([4, 4], [0, 1]), "source vertex 4"),
    "no weight": (pairs_of([0], [0], weight=0.0), "not above 0"),
    "a negative share": (pairs_of([0], [0], (1.5, -0.5, 0)), "barycentric"),
    "a sum of two": (pairs_of([0], [0], (1, 1, 0)), "barycentric"),
}


@pytest.mark.parametrize(("pairs", "message"), BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_pairs_that_do_not_fit_the_meshes_are_refused(pairs, message) -> None:
    with pytest.raises(UsageError, match=message):
        checked_pairs(pairs, 10, 10)
