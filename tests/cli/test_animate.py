"""`python -m sdk animate`: what it writes, and what each bad input says."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import trimesh

from sdk.__main__ import main
from sdk.bundle import Bundle
from sdk.cli.common import run
from tests.bundle.conftest import edit_manifest
from tests.toy_bundle import speech_like

SECONDS = 0.7
HUGE_NPY = b"\x93NUMPY\x01\x00\x47\x00{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 3)}    \n"
"""A header that promises 120 GB and no data."""


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str


Command = Callable[..., Outcome]


@pytest.fixture
def command(toy_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``python -m sdk animate TOY ARGUMENTS`` in this process."""

    def call(*arguments: object, bundle: Path = toy_bundle) -> Outcome:
        monkeypatch.setattr("sys.argv", ["sdk", "animate", str(bundle), *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            run(main, "python -m sdk")
        captured = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return Outcome(stopped.value.code, captured.out, captured.err)

    return call


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return write_audio(tmp_path / "speech.wav")


def write_audio(path: Path, rate: int = 16_000, channels: int = 1, subtype: str = "PCM_16") -> Path:
    samples = speech_like(round(SECONDS * rate))
    soundfile.write(path, np.repeat(samples[:, None], channels, axis=1), rate, subtype=subtype)
    return path


def values(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as archive:
        return np.array(archive["values"])


def assert_refused(outcome: Outcome, *words: str, output: Path | None = None) -> None:
    """Exit code 2, nothing on stdout, one line on stderr with these words, no file left behind."""
    assert outcome.code == 2, outcome
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("python -m sdk: ")
    assert outcome.stderr.endswith("\n")
    assert outcome.stderr.count("\n") == 1, outcome.stderr
    assert "Traceback" not in outcome.stderr
    for word in words:
        assert word in outcome.stderr, outcome.stderr
    if output is not None:
        assert not output.exists()
        assert not [path for path in output.parent.iterdir() if path.name.startswith(".")]


class TestOutput:
    def test_npz(self, command: Command, speech: Path, tmp_path: Path, toy_bundle: Path) -> None:
        output = tmp_path / "out.npz"
        outcome = command(speech, "-o", output)
        assert outcome.code == 0, outcome
        assert outcome.stderr == "", "no progress bar in a pipe"
        with np.load(output, allow_pickle=False) as archive:
            assert set(archive) == {"values", "index", "due_sample", "fps", "unit", "names"}
            assert archive["values"].shape == (21, 5, 3)
            assert archive["values"].dtype == np.float32
            assert archive["index"].tolist() == list(range(21))
            assert archive["due_sample"][:3].tolist() == [534, 1067, 1600]
            assert archive["fps"].tolist() == [30, 1]
            assert str(archive["unit"]) == "mm"
            assert archive["names"].shape == (0,)
        with Bundle.open(toy_bundle).session() as session:
            session.push(soundfile.read(speech, dtype="float32")[0])
            session.flush()
            assert np.array_equal(values(output), np.stack([frame.values for frame in session.poll()]))

    def test_csv_holds_every_bit(self, command: Command, speech: Path, tmp_path: Path) -> None:
        assert command(speech, "-o", tmp_path / "out.npz").code == 0
        assert command(speech, "-o", tmp_path / "out.csv").code == 0
        with (tmp_path / "out.csv").open(newline="") as file:
            header, *rows = list(csv.reader(file))
        assert header[:6] == ["time", "frame", "v0_x", "v0_y", "v0_z", "v1_x"]
        assert len(header) == 2 + 15
        assert [row[:2] for row in rows[:3]] == [["0.000000", "0"], ["0.033333", "1"], ["0.066667", "2"]]
        numbers = np.array([row[2:] for row in rows], np.float32).reshape(-1, 5, 3)
        assert np.array_equal(numbers, values(tmp_path / "out.npz"))

    def test_channels_name_the_columns(self, command: Command, speech: Path, toy_bundle: Path, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
        names = [f"channel {index}" for index in range(8)]
        edit_manifest(folder, lambda m: m.update(channels=names))
        edit_manifest(folder, lambda m: m["pipeline"].update(values="motion_decoder.coefficients"))
        assert command(speech, "-o", tmp_path / "out.csv", bundle=folder).code == 0
        assert (tmp_path / "out.csv").read_text().splitlines()[0] == ",".join(["time", "frame", *names])
        assert command(speech, "-o", tmp_path / "out.npz", bundle=folder).code == 0
        with np.load(tmp_path / "out.npz") as archive:
            assert archive["names"].tolist() == names
            assert archive["values"].shape == (21, 8)

    def test_a_retarget_acts_on_the_channels(
        self, command: Command, speech: Path, toy_bundle: Path, tmp_path: Path
    ) -> None:
        folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
        edit_manifest(folder, lambda m: m.update(channels=list("abcdefgh")))
        edit_manifest(folder, lambda m: m["pipeline"].update(values="motion_decoder.coefficients"))
        (tmp_path / "avatar.json").write_text('{"format_version": 1, "channels": {"b": {"gain": 2, "high": 0.25}}}')
        assert command(speech, "-o", tmp_path / "plain.npz", bundle=folder).code == 0
        arguments = (speech, "-o", tmp_path / "out.npz", "--retarget", tmp_path / "avatar.json")
        assert command(*arguments, bundle=folder).code == 0
        wanted = values(tmp_path / "plain.npz")
        wanted[:, 1] = np.minimum(wanted[:, 1] * 2, 0.25)
        np.testing.assert_array_equal(values(tmp_path / "out.npz"), wanted)
        (tmp_path / "avatar.json").write_text('{"format_version": 1, "channels": {"z": {}}}')
        assert_refused(command(*arguments, bundle=folder), "no such channel")
        assert_refused(command(*arguments), "vertices")

    def test_summary_is_one_line(self, command: Command, speech: Path, tmp_path: Path) -> None:
        line = command(speech, "-o", tmp_path / "out.npz").stdout
        pattern = r".*out\.npz: 21 frames at 30 fps, 0\.70 s of audio, real-time factor \d+\.\d{3}, UNTRAINED.*\n"
        assert re.fullmatch(pattern, line), line

    def test_a_trained_model_is_not_warned_of(
        self, command: Command, speech: Path, toy_bundle: Path, tmp_path: Path
    ) -> None:
        folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
        edit_manifest(folder, lambda m: m["model"].update(trained=True))
        assert "UNTRAINED" not in command(speech, "-o", tmp_path / "out.npz", bundle=folder).stdout

    def test_an_older_file_is_replaced(self, command: Command, speech: Path, tmp_path: Path) -> None:
        (tmp_path / "out.npz").write_text("older")
        assert command(speech, "-o", tmp_path / "out.npz").code == 0
        assert len(values(tmp_path / "out.npz")) == 21
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out.npz", "speech.wav"]

    def test_the_same_speech_gives_the_same_file(self, command: Command, speech: Path, tmp_path: Path) -> None:
        for name in ("a.npz", "b.npz"):
            command(speech, "-o", tmp_path / name)
        assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()

    @pytest.mark.parametrize("name", ["out.mp4", "out", "out.npz.bak"])
    def test_unknown_suffix(self, command: Command, speech: Path, tmp_path: Path, name: str) -> None:
        assert_refused(command(speech, "-o", tmp_path / name), ".npz or .csv", output=tmp_path / name)

    @pytest.mark.parametrize("name", ["absent/out.npz", "folder.npz"])
    def test_unwritable(self, command: Command, speech: Path, tmp_path: Path, name: str) -> None:
        (tmp_path / "folder.npz").mkdir()
        assert_refused(command(speech, "-o", tmp_path / name), name)

    def test_a_failure_half_way_keeps_the_older_file(
        self, command: Command, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "out.csv").write_text("older")

        def full(*arguments: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("sdk.animation.files.Path.replace", full)
        assert_refused(command(speech, "-o", tmp_path / "out.csv"), "No space left on device")
        assert (tmp_path / "out.csv").read_text() == "older"


class TestFormats:
    """The writers themselves are tested in tests/animation."""

    def template(self, tmp_path: Path, faces: str) -> Path:
        path = tmp_path / "face.obj"
        corners = ["v 0 0 0", "v 3 0 0", "v 3 3 0", "v 0 3 0", "v 1 1 2"]
        path.write_text("\n".join([*corners, faces, ""]))
        return path

    @pytest.mark.parametrize("suffix", ["glb", "usdz", "usda"])
    def test_vertices_move_a_template_with_faces(
        self, command: Command, speech: Path, tmp_path: Path, suffix: str
    ) -> None:
        template = self.template(tmp_path, "f 1/1 2/2/2 5//1\nf 2 3 -1\nf 1 2 3 4")
        outcome = command(speech, "-o", tmp_path / f"out.{suffix}", "--template", template)
        assert outcome.code == 0, outcome
        assert re.search(r"shapes made for this clip: \d+, at most \S+ mm off", outcome.stdout)
        if suffix == "glb":
            mesh = next(iter(trimesh.load(tmp_path / "out.glb").geometry.values()))
            assert mesh.faces.tolist() == [[0, 1, 4], [1, 2, 4], [0, 1, 2], [0, 2, 3]]
            assert np.allclose(1000 * mesh.vertices, [[0, 0, 0], [3, 0, 0], [3, 3, 0], [0, 3, 0], [1, 1, 2]])

    @pytest.mark.parametrize("faces", ["", "f 1 2", "f 1 2 x", "f 1 2 6", "f 1 2 -6", "f 0 1 2"])
    def test_faces_that_cannot_be(self, command: Command, speech: Path, tmp_path: Path, faces: str) -> None:
        template = self.template(tmp_path, faces)
        outcome = command(speech, "-o", tmp_path / "out.glb", "--template", template)
        assert_refused(outcome, "face.obj", "faces", output=tmp_path / "out.glb")

    def test_vertices_without_faces(self, command: Command, speech: Path, tmp_path: Path) -> None:
        np.save(tmp_path / "face.npy", np.zeros((5, 3), np.float32))
        for more in ([], ["--template", tmp_path / "face.npy"]):
            outcome = command(speech, "-o", tmp_path / "out.glb", *more)
            assert_refused(outcome, "triangles are not known", "FACE.obj", output=tmp_path / "out.glb")

    @pytest.mark.parametrize("more", [("--rig", "vrm_1"), ("--blinks", "3")])
    def test_options_that_vertices_have_no_use_for(
        self, command: Command, speech: Path, tmp_path: Path, more: tuple[str, str]
    ) -> None:
        assert_refused(command(speech, "-o", tmp_path / "out.npz", *more), more[0], output=tmp_path / "out.npz")

    def test_a_format_by_name(self, command: Command, speech: Path, tmp_path: Path) -> None:
        outcome = command(speech, "-o", tmp_path / "out.csv", "--format", "live-link-face")
        assert_refused(outcome, "no column for 15 of 15", output=tmp_path / "out.csv")
        outcome = command(speech, "-o", tmp_path / "out.csv", "--format", "glb")
        assert_refused(outcome, "no name of a glb file", output=tmp_path / "out.csv")

    def test_json_names_the_sound(self, command: Command, speech: Path, tmp_path: Path) -> None:
        assert command(speech, "-o", tmp_path / "out.json").code == 0
        record = json.loads((tmp_path / "out.json").read_text())
        assert (record["sound"], record["unit"], record["channels"]) == ("speech.wav", "mm", [])
        assert [len(frame["values"]) for frame in record["frames"]] == [15] * 21


class TestSpeech:
    @pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 192_000])
    @pytest.mark.parametrize("channels", [1, 2])
    def test_rates_and_channels(self, command: Command, tmp_path: Path, rate: int, channels: int) -> None:
        speech = write_audio(tmp_path / "speech.wav", rate, channels)
        outcome = command(speech, "-o", tmp_path / "out.npz")
        assert outcome.code == 0, outcome
        assert values(tmp_path / "out.npz").shape == (21, 5, 3)

    @pytest.mark.parametrize("suffix", [".flac", ".ogg"])
    def test_other_containers(self, command: Command, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"speech{suffix}"
        soundfile.write(path, speech_like(round(SECONDS * 16_000)), 16_000)
        assert command(path, "-o", tmp_path / "out.npz").code == 0
        assert len(values(tmp_path / "out.npz")) == 21

    def test_stereo_is_its_mean(self, command: Command, speech: Path, tmp_path: Path) -> None:
        """Two equal channels are the one: frames equal to the bit."""
        command(speech, "-o", tmp_path / "mono.npz")
        command(write_audio(tmp_path / "stereo.wav", channels=2), "-o", tmp_path / "stereo.npz")
        assert np.array_equal(values(tmp_path / "mono.npz"), values(tmp_path / "stereo.npz"))

    def test_not_a_number_is_zeroed_and_told(self, command: Command, tmp_path: Path) -> None:
        samples = speech_like(11_200)
        for name, bad in (("zeros", 0), ("broken", np.nan)):
            samples[3000:3005] = bad
            samples[7000] = np.inf if name == "broken" else 0
            soundfile.write(tmp_path / f"{name}.wav", samples, 16_000, subtype="FLOAT")
        assert "NaN" not in command(tmp_path / "zeros.wav", "-o", tmp_path / "zeros.npz").stdout
        outcome = command(tmp_path / "broken.wav", "-o", tmp_path / "broken.npz")
        assert outcome.code == 0, outcome
        assert "6 NaN or infinite samples became 0" in outcome.stdout
        assert np.array_equal(values(tmp_path / "zeros.npz"), values(tmp_path / "broken.npz"))

    def test_missing(self, command: Command, tmp_path: Path) -> None:
        outcome = command(tmp_path / "absent.wav", "-o", tmp_path / "out.npz")
        assert_refused(outcome, "absent.wav", output=tmp_path / "out.npz")

    def test_folder(self, command: Command, tmp_path: Path) -> None:
        assert_refused(command(tmp_path, "-o", tmp_path / "out.npz"), output=tmp_path / "out.npz")

    @pytest.mark.parametrize(
        "data", [b"", b"not audio at all, only text" * 40, b"RIFF\x24\x00\x00\x00WAVE", bytes(5000)]
    )
    def test_not_audio(self, command: Command, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "speech.wav").write_bytes(data)
        outcome = command(tmp_path / "speech.wav", "-o", tmp_path / "out.npz")
        assert_refused(outcome, "speech.wav", output=tmp_path / "out.npz")

    def test_zero_length(self, command: Command, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "speech.wav", np.zeros(0, np.float32), 16_000)
        outcome = command(tmp_path / "speech.wav", "-o", tmp_path / "out.npz")
        assert_refused(outcome, "speech.wav", output=tmp_path / "out.npz")

    @pytest.mark.parametrize("suffix", [".flac", ".wav"])
    def test_truncated(self, command: Command, tmp_path: Path, suffix: str) -> None:
        whole = tmp_path / f"whole{suffix}"
        soundfile.write(whole, speech_like(16_000), 16_000)
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(whole.read_bytes()[:-5001])
        assert_refused(command(cut, "-o", tmp_path / "out.npz"), f"cut{suffix}", output=tmp_path / "out.npz")

    def test_shorter_than_a_frame(self, command: Command, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "speech.wav", speech_like(1), 16_000)
        assert command(tmp_path / "speech.wav", "-o", tmp_path / "out.npz").code == 0
        assert len(values(tmp_path / "out.npz")) == 1


class TestFace:
    def test_template_from_npy_and_obj(self, command: Command, speech: Path, tmp_path: Path) -> None:
        vertices = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
        np.save(tmp_path / "face.npy", vertices)
        lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in vertices.astype(float).tolist()]
        (tmp_path / "face.obj").write_text("# a face\no head\n" + "\n".join(lines) + "\nvn 0 0 1\nvt 0 0\nf 1 2 3\n")
        command(speech, "-o", tmp_path / "default.npz")
        for kind in ("npy", "obj"):
            outcome = command(speech, "-o", tmp_path / f"{kind}.npz", "--template", tmp_path / f"face.{kind}")
            assert outcome.code == 0, outcome
        rest = np.arange(15, dtype=np.float32).reshape(5, 3)
        moved = values(tmp_path / "default.npz") - rest + vertices
        assert np.allclose(values(tmp_path / "npy.npz"), moved, atol=1e-5)
        assert np.array_equal(values(tmp_path / "npy.npz"), values(tmp_path / "obj.npz"))

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("face.npy", np.zeros((4, 3), np.float32)),
            ("face.npy", np.zeros((5, 2), np.float32)),
            ("face.npy", np.zeros((0, 3), np.float32)),
            ("face.npy", np.full((5, 3), np.nan)),
            ("face.npy", np.full((5, 3), 1e300)),
            ("face.npy", np.full((5, 3), "a")),
            ("face.npy", np.full((5, 3), None)),
            ("face.npy", b""),
            ("face.npy", HUGE_NPY),
            ("face.npy", b"PK\x03\x04"),
            ("face.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f4',"),
            ("face.obj", b""),
            ("face.obj", b"v 1 2\nv 1 2 3\n"),
            ("face.obj", b"v a b c\n"),
            ("face.obj", b"\xff\xfe\x00"),
            ("face.ply", b"ply\n"),
            ("absent.npy", None),
        ],
    )
    def test_bad_template(
        self, command: Command, speech: Path, tmp_path: Path, name: str, data: np.ndarray | bytes | None
    ) -> None:
        if isinstance(data, np.ndarray):
            np.save(tmp_path / name, data, allow_pickle=True)
        elif data is not None:
            (tmp_path / name).write_bytes(data)
        outcome = command(speech, "-o", tmp_path / "out.npz", "--template", tmp_path / name)
        assert_refused(outcome, name, output=tmp_path / "out.npz")

    def test_style_by_index_or_weights(self, command: Command, speech: Path, tmp_path: Path) -> None:
        results = {}
        for style in ("0", "1", "0,1", " 1, 0 ", "0.5,-0.5"):
            assert command(speech, "-o", tmp_path / "out.npz", "--style", style).code == 0
            results[style] = values(tmp_path / "out.npz")
        assert np.array_equal(results["1"], results["0,1"])
        assert np.array_equal(results["0"], results[" 1, 0 "])
        assert not np.array_equal(results["0"], results["1"])
        assert not np.array_equal(results["0"], results["0.5,-0.5"])

    @pytest.mark.parametrize("style", ["2", "-1", "x", "1,2,3", "nan,0", "", "1e999,0", "0x1", "99999999999"])
    def test_bad_style(self, command: Command, speech: Path, tmp_path: Path, style: str) -> None:
        outcome = command(speech, "-o", tmp_path / "out.npz", f"--style={style}")
        assert_refused(outcome, "--style", output=tmp_path / "out.npz")

    def test_a_bundle_without_that_parameter(self) -> None:
        from sdk.cli.face_options import parameters_from_options
        from sdk.errors import UsageError
        from tests.toy import toy_pipeline, toy_stages

        pipeline = toy_pipeline(toy_stages()).model_copy(update={"parameters": ()})
        with pytest.raises(UsageError, match="this bundle has no style"):
            parameters_from_options(pipeline, None, "0")


class TestBundle:
    def test_missing(self, command: Command, speech: Path, tmp_path: Path) -> None:
        outcome = command(speech, "-o", tmp_path / "out.npz", bundle=tmp_path / "absent")
        assert_refused(outcome, "absent", "does not exist", output=tmp_path / "out.npz")

    def test_damaged(self, command: Command, speech: Path, toy_bundle: Path, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(toy_bundle, tmp_path / "bundle"))
        weights = folder / "reference" / "weights.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
        outcome = command(speech, "-o", tmp_path / "out.npz", bundle=folder)
        assert_refused(outcome, "weights.safetensors", output=tmp_path / "out.npz")

    @pytest.mark.parametrize("options", [("--target", "tpu"), ("--precision", "int3")])
    def test_unknown_target_or_precision(
        self, command: Command, speech: Path, tmp_path: Path, options: tuple[str, str]
    ) -> None:
        outcome = command(speech, "-o", tmp_path / "out.npz", *options)
        assert_refused(outcome, options[1], output=tmp_path / "out.npz")

    def test_no_output_given(self, command: Command, speech: Path) -> None:
        assert_refused(command(speech), "--output")
