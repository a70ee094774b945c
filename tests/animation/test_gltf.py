"""glTF: Khronos' validator finds no fault, and three.js and trimesh see the face that `Head.pose` gives."""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import trimesh

from sdk.animation.face import face_of_head
from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.rig_map import rig_map
from sdk.rigs.surfaces import surfaces
from tests.animation.clips import NTSC, channels, grid, head_layout, tone, vertex_layout, weights, write

FRAMES = 40
Node = Callable[..., Any]


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return weights(FRAMES)


@pytest.fixture(scope="module")
def glb(tmp_path_factory: pytest.TempPathFactory, clip: np.ndarray) -> Path:
    return write(tmp_path_factory.mktemp("gltf") / "clip.glb", head_layout(sound=tone()), clip)


def chunks(path: Path) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary part of a file."""
    data = path.read_bytes()
    length = struct.unpack("<I", data[12:16])[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def viewed(path: Path, view: int) -> bytes:
    document, binary = chunks(path)
    place = document["bufferViews"][view]
    return binary[place["byteOffset"] : place["byteOffset"] + place["byteLength"]]


def test_the_validator_finds_no_fault(glb: Path, node: Node) -> None:
    issues = node("validate.mjs", glb)["issues"]
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]
    # What it cannot judge: the draft for sound, the buffer view that only the draft names, pictures of other sizes.
    known = {"UNSUPPORTED_EXTENSION", "UNUSED_OBJECT", "IMAGE_NPOT_DIMENSIONS"}
    assert {message["code"] for message in issues["messages"]} <= known


def test_the_validator_can_find_one(glb: Path, node: Node, tmp_path: Path) -> None:
    data = glb.read_bytes()
    damaged = tmp_path / "damaged.glb"
    damaged.write_bytes(data.replace(b'"path":"weights"', b'"path":"scale"  '))
    assert node("validate.mjs", damaged)["issues"]["numErrors"] > 0


def test_three_draws_what_the_head_does(glb: Path, node: Node, clip: np.ndarray) -> None:
    frames = [0, 7, 8, FRAMES - 1]
    times = [float(frame / NTSC.fraction) for frame in frames]
    read = node("play.mjs", glb, *times)
    assert [mesh["material"] for mesh in read["meshes"]] == [
        "skin",
        "mouth",
        "eye_left",
        "eye_right",
        "teeth",
        "tongue",
    ]
    assert [mesh["textured"] for mesh in read["meshes"]] == [True, False, True, True, True, False]
    for mesh in read["meshes"]:
        assert mesh["targets"] == {name: number for number, name in enumerate(ARKIT_52)}
    assert read["animations"][0]["name"] == "clip"
    head = default_head()
    for frame, drawn in zip(frames, read["played"], strict=True):
        posed = head.pose(clip[frame])
        for surface, mesh in zip(surfaces(head), drawn, strict=True):
            millimetres = 1000 * np.array(mesh)
            assert np.abs(millimetres - posed[np.unique(surface.triangles)]).max() < 1e-3


def test_weights_are_straight_lines_between_frames(glb: Path, node: Node, clip: np.ndarray) -> None:
    drawn = node("play.mjs", glb, 3.25 / float(NTSC.fraction))["played"][0][0]
    head = default_head()
    posed = head.pose(0.75 * clip[3] + 0.25 * clip[4])[np.unique(surfaces(head)[0].triangles)]
    assert np.abs(1000 * np.array(drawn) - posed).max() < 1e-2


def test_trimesh_reads_the_face_at_rest(glb: Path) -> None:
    scene = trimesh.load(glb)
    assert sum(len(mesh.faces) for mesh in scene.geometry.values()) == len(default_head().triangles)
    used = default_head().vertices[np.unique(default_head().triangles)]
    assert np.allclose(1000 * scene.bounds, [used.min(axis=0), used.max(axis=0)], atol=1e-3)


def test_every_bit_of_the_weights_and_the_exact_rate_are_there(glb: Path, clip: np.ndarray) -> None:
    document, _ = chunks(glb)
    animation = document["animations"][0]
    accessors = document["accessors"]
    sampler = animation["samplers"][0]
    stored = np.frombuffer(viewed(glb, accessors[sampler["output"]]["bufferView"]), "<f4").reshape(FRAMES, 52)
    assert np.array_equal(stored, clip)
    times = np.frombuffer(viewed(glb, accessors[sampler["input"]]["bufferView"]), "<f4")
    assert np.array_equal(times, (np.arange(FRAMES) * 1001 / 30_000).astype(np.float32))
    assert animation["extras"]["frame_rate"] == {"num": 30_000, "den": 1001}


def test_the_sound_is_inside(glb: Path) -> None:
    document, _ = chunks(glb)
    audio = document["extensions"]["KHR_audio_emitter"]
    assert "extensionsRequired" not in document
    assert document["scenes"][0]["extensions"]["KHR_audio_emitter"]["emitters"] == [0]
    assert audio["sources"][audio["emitters"][0]["sources"][0]]["audio"] == 0
    read, rate = soundfile.read(io.BytesIO(viewed(glb, audio["audio"][0]["bufferView"])), dtype="float32")
    assert rate == 16_000
    assert np.abs(read - tone().pcm).max() < 1 / 32_000


def test_the_same_clip_gives_the_same_bytes(glb: Path, clip: np.ndarray, tmp_path: Path) -> None:
    again = write(tmp_path / "clip.glb", head_layout(sound=tone()), clip)
    assert again.read_bytes() == glb.read_bytes()
    assert len(glb.read_bytes()) < 2_100_000


def test_a_face_without_a_channels_shape_is_refused_before_any_frame(tmp_path: Path) -> None:
    layout = channels(["jawOpen", "EarWiggle"], face=head_layout().face)
    with pytest.raises(UsageError, match=r"no shape for 1 of 2 channels \(EarWiggle\)"):
        write(tmp_path / "a.glb", layout, iter(()))
    assert not list(tmp_path.iterdir())


def test_the_head_has_the_shapes_of_another_rig(clip: np.ndarray, node: Node, tmp_path: Path) -> None:
    rig = rig_map("arkit_52", "meta_fb2_70")
    names = rig.target.channels
    layout = channels(names, face=face_of_head(channels=names))
    path = write(tmp_path / "meta.glb", layout, rig.apply(clip))
    assert node("validate.mjs", path)["issues"]["numErrors"] == 0
    assert chunks(path)[0]["meshes"][0]["extras"]["targetNames"] == list(names)


def test_channels_are_placed_by_name(tmp_path: Path) -> None:
    layout = channels(["tongueOut", "jawOpen"], face=head_layout().face)
    path = write(tmp_path / "a.glb", layout, np.array([[0.25, 1]], np.float32))
    document, _ = chunks(path)
    output = document["accessors"][document["animations"][0]["samplers"][0]["output"]]
    stored = np.frombuffer(viewed(path, output["bufferView"]), "<f4")
    assert {ARKIT_52[number]: stored[number] for number in np.flatnonzero(stored)} == {"tongueOut": 0.25, "jawOpen": 1}


def test_a_clip_of_vertices(tmp_path: Path, node: Node) -> None:
    """Two movements of a plane: two shapes, made for the clip, and three.js puts every vertex where the frames do."""
    face = grid()
    rest = 1000 * face.vertices
    phase = np.linspace(0, 6, 25)[:, None, None]
    bend = np.sin(phase) * np.array([0, 0, 1]) * rest[:, :1] ** 2 / 20
    clip = (rest + bend + np.cos(phase) * np.array([0, 0.5, 0])).astype(np.float32)
    layout = vertex_layout(face)
    path = write(tmp_path / "a.glb", layout, clip)
    assert re.fullmatch(r"shapes made for this clip: 2, at most \S+ mm off", layout.notes[0])
    issues = node("validate.mjs", path)["issues"]
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]
    read = node("play.mjs", path, float(11 / NTSC.fraction))
    assert list(read["meshes"][0]["targets"]) == ["motion_000", "motion_001"]
    assert np.abs(1000 * np.array(read["played"][0][0]) - clip[11]).max() < 1e-3


def test_vertices_that_never_move(tmp_path: Path, node: Node) -> None:
    face = grid()
    layout = vertex_layout(face)
    path = write(tmp_path / "a.glb", layout, np.repeat(1000 * face.vertices[None], 3, axis=0))
    issues = node("validate.mjs", path)["issues"]
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]
    assert layout.notes[0].startswith("shapes made for this clip: 1, at most ")
