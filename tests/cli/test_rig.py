"""`python -m sdk rig`: vertices to weights and back, shapes on another mesh, and what bad input says."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import trimesh

from sdk.__main__ import main
from sdk.cli.common import run
from sdk.rigs.shape_file import read_shapes, write_shapes
from sdk.rigs.shape_set import default_shapes
from tests.rigs.transfer.other_topology import SIZES, other_head


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs ``python -m sdk rig ARGUMENTS`` in this process."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr("sys.argv", ["sdk", "rig", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            run(main, "python -m sdk")
        captured = capsys.readouterr()
        return Outcome(int(stopped.value.code), captured.out, captured.err)

    return call


def write_clip(path: Path, values: np.ndarray, names=(), unit: str = "mm") -> Path:
    count = len(values)
    times = {"index": np.arange(count) + 3, "due_sample": np.arange(count) * 640 + 640, "fps": np.array([25, 1])}
    np.savez(path, values=values.astype(np.float32), names=np.array(names, np.str_), unit=np.array(unit), **times)
    return path


@pytest.fixture
def weights(tmp_path) -> Path:
    shapes = default_shapes()
    waves = np.clip(np.sin(np.arange(6)[:, None] / 3 + np.arange(52)), 0, 1)
    return write_clip(tmp_path / "weights.npz", waves, shapes.channels, "1")


def test_pose_and_solve_are_each_other_s_reverse(command, weights, tmp_path) -> None:
    vertices, solved = tmp_path / "vertices.npz", tmp_path / "solved.npz"
    assert command("pose", weights, "-o", vertices).code == 0
    said = command("solve", vertices, "-o", solved, "--noise", 0, "--emphasis", "lips=4")
    assert said.code == 0, said.stderr
    assert "6 frames" in said.stdout
    assert "at the lips" in said.stdout
    with np.load(weights) as before, np.load(solved) as after:
        np.testing.assert_allclose(after["values"], before["values"], atol=2e-3)
        assert after["names"].tolist() == before["names"].tolist()
        for name in ("index", "due_sample", "fps"):
            np.testing.assert_array_equal(after[name], before[name])


def test_solved_weights_as_a_table(command, weights, tmp_path) -> None:
    vertices, table = tmp_path / "vertices.npz", tmp_path / "weights.csv"
    command("pose", weights, "-o", vertices)
    assert command("solve", vertices, "-o", table).code == 0
    rows = list(csv.reader(table.open()))
    assert rows[0] == ["time", "frame", *default_shapes().channels]
    assert rows[1][:2] == ["0.120000", "3"]
    assert len(rows) == 7


def test_metres_another_rest_and_a_moving_head(command, weights, tmp_path) -> None:
    """A clip in metres of a face with another rest, shaken as a whole."""
    shapes = default_shapes()
    with np.load(weights) as file:
        true = file["values"]
    broader = shapes.vertices * [1.2, 1, 1]
    np.save(tmp_path / "rest.npy", (broader / 1000).astype(np.float32))
    moved = shapes.pose(true) - shapes.vertices + broader + np.arange(6)[:, None, None]
    clip = write_clip(tmp_path / "clip.npz", moved / 1000, unit="m")
    solved = tmp_path / "solved.npz"
    options = ("--rest", tmp_path / "rest.npy", "--unit", "m", "--noise", 0, "--align-head")
    said = command("solve", clip, "-o", solved, *options)
    assert said.code == 0, said.stderr
    with np.load(solved) as file:
        np.testing.assert_allclose(file["values"], true, atol=0.02)


def test_a_mesh_of_another_topology_from_landmarks_to_weights(command, weights, tmp_path) -> None:
    """What a user does: list landmarks, pair them, carry the shapes over, solve a clip of that mesh."""
    head = other_head(SIZES["FLAME"])
    mesh, table, shapes, dense = (tmp_path / name for name in ("face.obj", "pairs.csv", "shapes.npz", "dense.csv"))
    trimesh.Trimesh(head.vertices / 1000, head.triangles, process=False).export(mesh, digits=9)
    assert command("landmarks", "-o", table).code == 0
    rows = list(csv.DictReader(table.open()))
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["source", "landmark"])
        writer.writerows([head.landmarks[row["landmark"]], row["landmark"]] for row in rows)
    said = command("transfer", mesh, "--landmarks", table, "-o", shapes)
    assert said.code == 2
    assert "say the unit of its lengths with --unit" in said.stderr
    said = command("transfer", mesh, "--landmarks", table, "-o", shapes, "--unit", "m", "--pairs", dense)
    assert said.code == 0, said.stderr
    assert "52 shapes on 5023 vertices" in said.stdout
    assert len(dense.read_text().splitlines()) == 5024
    carried = read_shapes(shapes)
    off = np.linalg.norm(carried.shapes - head.shapes, axis=2)
    assert off[np.linalg.norm(head.shapes, axis=2) > 0.5].mean() < 0.2
    again = tmp_path / "again.npz"
    assert command("transfer", mesh, "--landmarks", dense, "-o", again, "--unit", "m").code == 0
    off = np.linalg.norm(read_shapes(again).shapes - carried.shapes, axis=2)
    assert off[np.linalg.norm(head.shapes, axis=2) > 0.5].mean() < 0.1
    with np.load(weights) as file:
        clip = head.vertices + np.einsum("tk,kvj->tvj", 0.3 * file["values"], head.shapes)
    solved = tmp_path / "solved.csv"
    said = command("solve", write_clip(tmp_path / "clip.npz", clip), "-o", solved, "--shapes", shapes)
    assert said.code == 0, said.stderr


def test_check_tells_errors_and_the_channels_that_are_alike(command, tmp_path) -> None:
    shapes = default_shapes()
    few = slice(0, 3)
    doubled = np.concatenate([shapes.shapes[few], shapes.shapes[:1]])
    path = tmp_path / "shapes.npz"
    twins = type(shapes)(shapes.vertices, doubled, ("a", "b", "c", "twin"), shapes.low[:4], shapes.high[:4])
    write_shapes(path, twins)
    said = command("check", "--shapes", path, "--frames", 5, "--noise", 0.1)
    assert said.code == 0, said.stderr
    assert "cannot be told from others: a, twin" in said.stdout
    said = command("check", "--frames", 4, "--noise", 0)
    assert said.code == 0
    assert "cannot be told" not in said.stdout


def test_check_with_weights(command, weights, tmp_path) -> None:
    assert command("check", "--weights", weights, "--noise", 0.1).code == 0
    few = write_clip(tmp_path / "few.npz", np.zeros((3, 1)), ["jawOpen"], "1")
    said = command("check", "--weights", few)
    assert said.code == 2
    assert "lacks 51 channels of the shapes, such as eyeBlinkLeft" in said.stderr


def test_pose_by_name(command, tmp_path) -> None:
    shapes = default_shapes()
    clip = write_clip(tmp_path / "jaw.npz", np.array([[0.2, 1.0]]), ["somethingElse", "jawOpen"], "1")
    out = tmp_path / "vertices.npz"
    said = command("pose", clip, "-o", out)
    assert said.code == 0
    assert "51 channels of the shapes are not in it" in said.stdout
    with np.load(out) as file:
        expected = shapes.vertices + shapes.shapes[shapes.channels.index("jawOpen")]
        np.testing.assert_allclose(file["values"][0], expected, atol=1e-4)
        assert str(file["unit"]) == "mm"


SIZE = len(default_shapes().vertices)


BAD_CLIPS = {
    "weights": (lambda path: write_clip(path, np.zeros((2, 52)), default_shapes().channels, "1"), "not vertices"),
    "another mesh": (lambda path: write_clip(path, np.zeros((2, 5023, 3))), "has 5023 vertices, the shapes 4973"),
    "no unit": (lambda path: write_clip(path, np.zeros((2, SIZE, 3)), unit="1"), "--unit"),
    "NaN": (lambda path: write_clip(path, np.full((2, SIZE, 3), np.nan)), "frame 3 holds NaN"),
    "no frames": (lambda path: write_clip(path, np.zeros((0, SIZE, 3))), "shape (0, 4973, 3)"),
    "no animation": (lambda path: np.savez(path, a=1), "is no animation"),
    "no archive": (lambda path: path.write_text("hello"), "damaged or no .npz"),
    "nothing": (lambda path: None, "cannot be read"),
}


@pytest.mark.parametrize(("write", "message"), BAD_CLIPS.values(), ids=BAD_CLIPS)
def test_a_bad_clip_is_one_line(command, tmp_path, write, message) -> None:
    path = tmp_path / "clip.npz"
    write(path)
    said = command("solve", path, "-o", tmp_path / "weights.csv")
    assert said.code == 2
    assert message in said.stderr
    assert said.stderr.count("\n") == 1
    assert not (tmp_path / "weights.csv").exists()


def test_bad_options_are_one_line(command, tmp_path) -> None:
    clip = write_clip(tmp_path / "clip.npz", np.zeros((2, SIZE, 3)))
    out = tmp_path / "weights.csv"
    np.save(tmp_path / "rest.npy", np.zeros((4, 3)))
    for options, message in (
        (("--emphasis", "lips"), "is not REGION=NUMBER"),
        (("--emphasis", "ears=2"), "is no region"),
        (("--noise", "-1"), "noise"),
        (("--rest", tmp_path / "rest.npy"), "has 4 vertices"),
        (("--shapes", clip), "the array vertices is missing"),
    ):
        said = command("solve", clip, "-o", out, *options)
        assert said.code == 2
        assert message in said.stderr, said.stderr
    assert command("solve", clip, "-o", tmp_path / "weights.xyz").code == 2
    assert command("pose", clip, "-o", out).code == 2
    said = command("transfer", tmp_path / "face.obj", "--landmarks", tmp_path / "p.csv", "-o", tmp_path / "shapes.txt")
    assert "end it with .npz" in said.stderr
    bare = default_shapes()
    write_shapes(tmp_path / "bare.npz", type(bare)(bare.vertices, bare.shapes, bare.channels, bare.low, bare.high))
    said = command("landmarks", "-o", tmp_path / "l.csv", "--shapes", tmp_path / "bare.npz")
    assert "names no landmarks" in said.stderr


def test_a_clip_of_another_face_is_doubted(command, tmp_path) -> None:
    still = default_shapes().vertices
    for shift, doubted in ((0.0, False), (30.0, True)):
        clip = write_clip(tmp_path / "clip.npz", np.stack([still + np.float32(shift)] * 3))
        said = command("solve", clip, "-o", tmp_path / "weights.csv")
        assert said.code == 0, said.stderr
        assert ("another rest" in said.stdout) == doubted
