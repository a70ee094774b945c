"""Takes from files, and what is measured of two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.channel_set import channel_set
from sdk.rigs.head import default_head
from sdk.spec import FrameRate
from sdk.view import Speech, Take, page, read_take
from sdk.view.takes import difference, in_head_channels
from tests.view.conftest import made_up_take

JAW = ARKIT_52.index("jawOpen")


def saved(path: Path, take: Take, **other: np.ndarray) -> Path:
    arrays = {
        "values": take.values,
        "index": take.index,
        "due_sample": take.due_sample,
        "fps": np.array([take.frame_rate.num, take.frame_rate.den]),
        "unit": np.array(take.unit),
        "names": np.array(take.names, np.str_),
    }
    np.savez(path, **(arrays | other))
    return path


def test_a_file_gives_its_take(tmp_path: Path) -> None:
    take = made_up_take(fps="29.97")
    got = read_take(saved(tmp_path / "clip.npz", take))
    assert (got.label, got.names, got.unit, got.frame_rate) == ("clip", ARKIT_52, "1", take.frame_rate)
    for name in ("values", "index", "due_sample"):
        assert np.array_equal(getattr(got, name), getattr(take, name))


@pytest.mark.parametrize(
    "other",
    [
        {"values": np.full((60, 52), np.nan, np.float32)},
        {"values": np.zeros((60, 51), np.float32)},
        {"values": np.zeros((0, 52), np.float32), "index": np.zeros(0, int), "due_sample": np.zeros(0, int)},
        {"index": np.zeros(60, int)},
        {"index": np.arange(59)},
        {"fps": np.array([30])},
        {"fps": np.array([0, 1])},
        {"fps": np.array([2_000_000, 1])},
        {"names": np.arange(52)},
        {"unit": np.array(None)},
        {"values": np.zeros((60, 4, 2), np.float32), "names": np.array([], np.str_)},
    ],
)
def test_a_spoilt_file_is_refused(tmp_path: Path, other: dict[str, np.ndarray]) -> None:
    with pytest.raises(UsageError, match=r"clip\.npz"):
        read_take(saved(tmp_path / "clip.npz", made_up_take(), **other))


@pytest.mark.parametrize("data", [None, b"", b"PK\x03\x04 no archive", b"\x93NUMPY"])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "clip.npz").write_bytes(data)
    with pytest.raises(UsageError, match="python -m sdk animate"):
        read_take(tmp_path / "clip.npz")


def test_the_difference_is_that_of_the_worst_vertex_of_the_lips() -> None:
    first = made_up_take()
    values = first.values.copy()
    values[7, JAW] += 0.1
    apart = difference(first, replace(first, values=values))
    assert apart is not None
    head = default_head()
    moved = np.linalg.norm(head.shapes[JAW], axis=1)[head.regions["lips"] > 0.5]
    assert apart.what == "lips"
    assert apart.worst_mm[7] == pytest.approx(0.1 * moved.max(), rel=1e-5)
    assert np.delete(apart.worst_mm, 7).max() == 0


def test_a_channel_that_one_take_lacks_is_at_rest_in_it() -> None:
    first = made_up_take()
    kept = [name for name in ARKIT_52 if name != "mouthPucker"]
    fewer = replace(first, names=tuple(kept), values=first.values[:, [ARKIT_52.index(name) for name in kept]])
    zero = first.values.copy()
    zero[:, ARKIT_52.index("mouthPucker")] = 0
    apart, expected = difference(first, fewer), difference(first, replace(first, values=zero))
    assert apart is not None
    assert expected is not None
    assert np.allclose(apart.worst_mm, expected.worst_mm, atol=1e-5)
    assert apart.worst_mm.max() > 1


def test_rates_are_compared_by_what_shows() -> None:
    """Each frame of the slower take beside the faster one's newest."""
    slow = made_up_take()
    fast = replace(slow, frame_rate=FrameRate(num=60), values=np.repeat(slow.values, 2, 0), index=np.arange(120))
    apart = difference(slow, fast)
    assert apart is not None
    assert apart.worst_mm.max() == 0
    skipped = replace(slow, index=slow.index * 2)
    assert skipped.frame_at(np.array([0.0, 1 / 30, 2 / 30, 99])).tolist() == [0, 0, 1, 59]


def test_vertices_and_channels_cannot_be_compared() -> None:
    channels = made_up_take()
    vertices = default_head().pose(channels.values[:2])
    shown = replace(channels, names=(), unit="mm", values=vertices, index=np.arange(2), due_sample=np.arange(2))
    assert difference(channels, shown) is None
    assert difference(shown, shown) is not None


def test_other_channel_sets_are_shown_through_their_map(speech: Speech) -> None:
    found = channel_set("meta_fb2_70")
    values = np.zeros((60, len(found.channels)), np.float32)
    values[:, found.channels.index("JAW_DROP")] = 0.5
    take = replace(made_up_take(), names=found.channels, values=values)
    shown = in_head_channels(take)
    assert shown.names == ARKIT_52
    assert shown.values[:, JAW].tolist() == [0.5] * 60
    assert "mapped to" in page([take], speech, title="Mapped")


def test_what_no_face_shows_is_refused(speech: Speech) -> None:
    take = made_up_take()
    with pytest.raises(UsageError, match="ARKit"):
        page([replace(take, names=tuple(f"channel {i}" for i in range(52)))], speech, title="Names")
    vertices = replace(take, names=(), unit="mm", values=np.zeros((60, 7, 3), np.float32))
    with pytest.raises(UsageError, match="--template"):
        page([vertices], speech, title="Vertices")
