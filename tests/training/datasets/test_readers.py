"""VOCASET, BIWI and Multiface from small files in their layouts."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sdk.errors import AudioError
from sdk.training.datasets import BIWI, VOCASET, Layout, RecordingSplit, open_multiface, open_wav_and_vertices
from sdk.training.datasets.sequence import DatasetError

V = 4
SMALL = {"vocaset": replace(VOCASET, vertices=V), "biwi": replace(BIWI, vertices=V)}
A, B, C = VOCASET.subjects["train"][0], VOCASET.subjects["validation"][0], VOCASET.subjects["test"][0]


def write_sound(path: Path, seconds: float = 0.5, rate: int = 22_000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.ones(round(seconds * rate), np.float32), rate, subtype="PCM_16")


def write_face(folder: Path, names: list[str], frames: int = 10) -> Path:
    subjects = {name.rsplit("_", 1)[0] for name in names}
    (folder / "vertices_npy").mkdir(parents=True)
    (folder / "templates.pkl").write_bytes(pickle.dumps({s: np.full((V, 3), len(s), float) for s in subjects}, 2))
    for number, name in enumerate(names):
        write_sound(folder / "wav" / f"{name}.wav")
        motion = np.arange(frames)[:, None] + np.zeros((frames, V * 3)) + 100 * number
        np.save(folder / "vertices_npy" / f"{name}.npy", motion.astype(np.float32))
    return folder


def names(folder: Path, layout: Layout, split: RecordingSplit) -> list[str]:
    return [recording.id for recording in open_wav_and_vertices(folder, layout, split)]


def test_the_published_sizes() -> None:
    assert (VOCASET.vertices * 3, BIWI.vertices * 3) == (15069, 70110)
    assert [len(VOCASET.subjects[split]) for split in ("train", "validation", "test")] == [8, 2, 2]
    assert [len(BIWI.subjects[split]) for split in ("train", "validation", "test")] == [6, 6, 8]


def test_vocaset_is_read_at_half_its_rate(tmp_path: Path) -> None:
    folder = write_face(tmp_path, [f"{A}_sentence01"])
    [recording] = open_wav_and_vertices(folder, SMALL["vocaset"], "train")
    assert recording.vertices.shape == (5, V, 3)
    assert recording.vertices[:, 0, 0].tolist() == [0, 2, 4, 6, 8]
    assert recording.pcm.shape == (8000,)
    assert (recording.rate, recording.unit, recording.subject) == (30.0, "m", A)
    assert recording.template.tolist() == [[len(A)] * 3] * V


def test_vocaset_is_divided_by_subject_and_sentence(tmp_path: Path) -> None:
    there = [f"{A}_sentence01", f"{A}_sentence40", f"{B}_sentence01", f"{B}_sentence21", f"{C}_sentence40"]
    folder = write_face(tmp_path, [*there, f"{C}_sentence20"])
    assert names(folder, SMALL["vocaset"], "train") == there[:2]
    assert names(folder, SMALL["vocaset"], "validation") == [there[3]]
    assert names(folder, SMALL["vocaset"], "test") == [there[4]]


def test_biwi_is_divided_by_sentence(tmp_path: Path) -> None:
    there = ["F2_01", "F2_32", "F2_33", "F2_37", "F1_01", "F1_37", "M6_40"]
    folder = write_face(tmp_path, there)
    assert names(folder, SMALL["biwi"], "train") == ["F2_01", "F2_32"]
    assert names(folder, SMALL["biwi"], "validation") == ["F2_33"]
    assert names(folder, SMALL["biwi"], "test") == ["F1_37", "M6_40"]
    [recording] = open_wav_and_vertices(folder, SMALL["biwi"], "validation")
    assert (len(recording.vertices), recording.rate, recording.unit) == (10, 25.0, "1")


def test_a_split_without_recordings_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no test recording of VOCASET"):
        names(write_face(tmp_path, [f"{A}_sentence01"]), SMALL["vocaset"], "test")


def test_sound_without_vertices_is_left_out(tmp_path: Path) -> None:
    folder = write_face(tmp_path, ["F2_01", "F2_02"])
    (folder / "vertices_npy" / "F2_01.npy").unlink()
    assert names(folder, SMALL["biwi"], "train") == ["F2_02"]


def damage(folder: Path, kind: str) -> None:
    vertices = folder / "vertices_npy" / "F2_01.npy"
    match kind:
        case "cut vertices":
            vertices.write_bytes(vertices.read_bytes()[:-10])
        case "pickled vertices":
            np.save(vertices, np.array([{}], object), allow_pickle=True)
        case "whole numbers":
            np.save(vertices, np.zeros((2, V * 3), int))
        case "another mesh":
            np.save(vertices, np.zeros((2, V * 3 + 3), np.float32))
        case "not finite":
            np.save(vertices, np.full((2, V * 3), np.nan, np.float32))
        case "no frames":
            np.save(vertices, np.zeros((0, V * 3), np.float32))
        case "no template":
            (folder / "templates.pkl").write_bytes(pickle.dumps({"M1": np.zeros((V, 3))}))
        case "another template":
            (folder / "templates.pkl").write_bytes(pickle.dumps({"F2": np.zeros((V, 2))}))
        case "no templates":
            (folder / "templates.pkl").unlink()
        case "cut sound":
            path = folder / "wav" / "F2_01.wav"
            path.write_bytes(path.read_bytes()[:-100])
        case "no wav":
            (folder / "wav").rename(folder / "sound")


@pytest.mark.parametrize(
    "kind",
    [
        "cut vertices",
        "pickled vertices",
        "whole numbers",
        "another mesh",
        "not finite",
        "no frames",
        "no template",
        "another template",
        "no templates",
        "cut sound",
        "no wav",
    ],
)
def test_damage_is_one_clear_error(tmp_path: Path, kind: str) -> None:
    folder = write_face(tmp_path, ["F2_01"])
    damage(folder, kind)
    with pytest.raises((DatasetError, AudioError)):
        list(open_wav_and_vertices(folder, SMALL["biwi"], "train"))


PERSON = "m--20180227--0000--6795937--GHS"


def write_person(root: Path, frames: list[int], person: str = PERSON) -> Path:
    folder = root / person
    segment = folder / "tracked_mesh" / "SEN_one"
    segment.mkdir(parents=True)
    np.ones(V * 3, "<f4").tofile(folder / "vert_mean.bin")
    for number in frames:
        np.full(V * 3, number, "<f4").tofile(segment / f"{number:06d}.bin")
        (segment / f"{number:06d}_transform.txt").write_text("1 0 0 0\n0 1 0 0\n0 0 1 0\n")
    (folder / "tracked_mesh" / "E001_Neutral_Eyes_Open").mkdir()
    write_sound(folder / "audio" / "SEN_one.wav", rate=48_000)
    return segment


def test_multiface_fills_missing_frames(tmp_path: Path) -> None:
    write_person(tmp_path, [102, 105, 114, 117])
    [recording] = open_multiface(tmp_path, "train")
    assert recording.id == f"{PERSON}/SEN_one"
    assert recording.vertices.shape == (6, V, 3)
    assert recording.vertices[:, 0, 0].tolist() == pytest.approx([102, 105, 108, 111, 114, 117])
    assert recording.template.tolist() == [[1, 1, 1]] * V
    assert (recording.rate, recording.unit, len(recording.pcm)) == (30.0, "mm", 8000)


def test_multiface_is_divided_by_person(tmp_path: Path) -> None:
    write_person(tmp_path, [1, 2])
    write_person(tmp_path, [1, 2], "m--other")
    assert [r.subject for r in open_multiface(tmp_path, "test", [PERSON])] == [PERSON]
    assert [r.subject for r in open_multiface(tmp_path, "train", [PERSON])] == ["m--other"]


@pytest.mark.parametrize("frames", [[], [5], [1, 2, 40], [1, 3, 6]])
def test_multiface_with_too_few_frames_is_refused(tmp_path: Path, frames: list[int]) -> None:
    write_person(tmp_path, frames)
    with pytest.raises(DatasetError, match="SEN_one"):
        list(open_multiface(tmp_path, "train"))


@pytest.mark.parametrize("data", [b"", b"\0" * 13, b"\0" * 12, b"\xff" * 12 * V])
def test_multiface_with_a_damaged_mesh_is_refused(tmp_path: Path, data: bytes) -> None:
    segment = write_person(tmp_path, [1, 2, 3])
    (segment / "000002.bin").write_bytes(data)
    with pytest.raises(DatasetError, match=r"000002\.bin"):
        list(open_multiface(tmp_path, "train"))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="tracked_mesh"):
        list(open_multiface(tmp_path, "train"))
