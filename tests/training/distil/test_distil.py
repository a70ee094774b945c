"""Distillation: a mesh as weights and back, offline models found by their checkpoints, the price of lookahead."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.__main__ import main
from sdk.errors import CheckpointError, UsageError
from sdk.models.faceformer.checkpoint import save_checkpoint
from sdk.models.meshtalk.checkpoint import save_checkpoint as save_meshtalk
from sdk.training.cache import read_split
from sdk.training.distil.basis import MotionBasis
from sdk.training.distil.labelling import OfflineTeacher, SampledCurve, read_pieces
from sdk.training.distil.offline import load_offline
from sdk.training.distil.price import vertex_measure
from sdk.training.judge import nothing
from sdk.training.prepare import Plan
from tests.models.meshtalk.small import small_meshtalk
from tests.models.tiny_faceformer import tiny_config, tiny_faceformer
from tests.training.toy_task import ToyTask, toy_utterance

RECIPE = """
task = "toy"
[preparation]
copies = 1
rest_clips = 0
[optimiser]
steps = 30
batch = 4
segment_seconds = 2.0
warm_up = 3
learning_rate = 0.03
ema = 0.8
[losses]
weights = 1.0
[validation]
every = 15
"""


def motion(frames: int, rank: int, vertices: int = 9, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    mixed = generator.standard_normal((frames, rank)) @ generator.standard_normal((rank, vertices * 3))
    return (mixed.reshape(frames, vertices, 3) + generator.standard_normal((vertices, 3))).astype(np.float32)


@given(frames=st.integers(1, 80), rank=st.integers(0, 20), seed=st.integers(0, 5))
@settings(deadline=None, max_examples=30)
def test_motion_of_few_components_comes_back(frames: int, rank: int, seed: int) -> None:
    moved = motion(frames, rank, seed=seed)
    basis = MotionBasis.fit(moved)
    weights = basis.weights(moved)
    assert weights.shape == (frames, 52)
    assert weights.min() >= 0
    assert weights.max() <= 1
    np.testing.assert_allclose(basis.vertices(weights), moved, atol=2e-5 * max(1, np.abs(moved).max()))


def test_a_basis_keeps_the_largest_components(tmp_path: Path) -> None:
    moved = motion(300, 90, vertices=40)
    basis = MotionBasis.fit(moved)
    centred = (moved - moved.mean(0)).reshape(300, -1).astype(np.float64)
    values = np.linalg.svd(centred, compute_uv=False) ** 2
    left = np.square(basis.vertices(basis.weights(moved)) - moved, dtype=np.float64).sum()
    assert left == pytest.approx(values[52:].sum(), rel=1e-4)
    basis.save(tmp_path / "basis.safetensors")
    again = MotionBasis.load(tmp_path / "basis.safetensors")
    assert np.array_equal(again.shapes, basis.shapes)
    assert np.array_equal(again.offset, basis.offset)
    whole = (tmp_path / "basis.safetensors").read_bytes()
    for damaged in (b"", whole[:100], whole[:-10]):
        (tmp_path / "basis.safetensors").write_bytes(damaged)
        with pytest.raises(CheckpointError, match="basis"):
            MotionBasis.load(tmp_path / "basis.safetensors")


def test_a_sampled_curve_is_linear_between_its_frames() -> None:
    frames = np.zeros((3, 52), np.float32)
    frames[:, 0] = [0, 1, 0.5]
    curve = SampledCurve(frames, 0.04)
    seen = curve.weights(np.array([-1.0, 0.0, 0.02, 0.04, 0.07, 9.0]))[:, 0]
    assert seen.tolist() == pytest.approx([0, 0, 0.5, 1, 0.625, 0.5])
    assert SampledCurve(frames[1:2], 0.04).weights(np.array([0.0, 5.0]))[:, 0].tolist() == [1, 1]


def write_audio(folder: Path, files: int, seconds: float) -> Path:
    folder.mkdir(parents=True)
    for number in range(files):
        pcm = toy_utterance(f"file-{number}", seconds).pcm
        soundfile.write(folder / f"{number}.wav", pcm, 16_000, subtype="PCM_16")
    return folder


def test_audio_is_cut_into_pieces_and_every_eighth_is_held_out(tmp_path: Path) -> None:
    folder = write_audio(tmp_path / "audio", 3, 24.5)
    (folder / "notes.txt").write_text("not sound")
    train, held = (list(read_pieces(folder, split)) for split in ("train", "validation"))
    assert [len(piece.pcm) for piece in train + held] == [8 * 16_000] * 9
    assert [piece.id for piece in held] == ["2.wav@128000"]
    with pytest.raises(UsageError, match="no sound file"):
        list(read_pieces(tmp_path / "audio" / "none", "train"))


@pytest.fixture
def faceformer(tmp_path: Path) -> Path:
    path = tmp_path / "vocaset.pth"
    save_checkpoint(tiny_faceformer(tiny_config()), path)
    return path


def test_a_checkpoint_finds_its_model(faceformer: Path, tmp_path: Path) -> None:
    pcm = toy_utterance("a", 1.0).pcm
    model = load_offline(faceformer)
    moved = model.animate(pcm)
    assert moved.shape[1:] == (4, 3)
    assert len(moved) == pytest.approx(1 / model.frame_seconds, abs=2)
    shifted = load_offline(faceformer, np.ones((4, 3), np.float32)).animate(pcm)
    np.testing.assert_allclose(shifted - moved, 1, atol=1e-5)
    with pytest.raises(UsageError, match="template"):
        load_offline(faceformer, np.ones((5, 3), np.float32))
    with pytest.raises(CheckpointError, match="no offline model"):
        load_offline(tmp_path / "nothing")


def test_the_folder_of_a_mesh_model_needs_a_template(tmp_path: Path) -> None:
    save_meshtalk(small_meshtalk(), tmp_path)
    pcm = toy_utterance("a", 1.0).pcm
    moved = load_offline(tmp_path, np.zeros((4, 3), np.float32)).animate(pcm)
    assert moved.shape == (len(pcm) // 533, 4, 3)
    with pytest.raises(UsageError, match="none instead of"):
        load_offline(tmp_path)


def test_a_teacher_travels_without_its_model(faceformer: Path) -> None:
    pcm = toy_utterance("a", 1.0).pcm
    basis = MotionBasis.fit(load_offline(faceformer).animate(pcm))
    teacher = OfflineTeacher(faceformer, None, basis)
    first = teacher((), pcm, 0).weights(np.linspace(0, 1, 9))
    data = pickle.dumps(teacher)
    assert len(data) < 20_000
    assert np.array_equal(pickle.loads(data)((), pcm, 1).weights(np.linspace(0, 1, 9)), first)


class Late(ToyTask):
    """Says the reference two frames late, trembling or not."""

    def __init__(self, wanted: np.ndarray, late: int) -> None:
        super().__init__({})
        self.wanted, self.late = wanted, late

    def animate(self, features: np.ndarray) -> np.ndarray:
        return self.wanted[np.clip(np.arange(len(self.wanted)) - self.late, 0, None)]


@pytest.mark.parametrize("late", [0, 2, 3])
def test_the_measure_tells_the_lag(plan: Plan, late: int) -> None:
    clip = read_split(plan.folder, "validation")[0]
    basis = MotionBasis.fit(motion(200, 60, vertices=40))
    values = vertex_measure(basis).values(Late(np.array(clip.labels.targets), late), [clip], nothing)
    assert values["lag_ms"] == pytest.approx(late * 1000 / 30)
    assert (values["error"] == 0) == (late == 0)


@pytest.mark.usefixtures("toy_task")
def test_distil_reports_the_price_of_lookahead(faceformer: Path, tmp_path: Path) -> None:
    audio = write_audio(tmp_path / "audio", 9, 3.0)
    (tmp_path / "student.toml").write_text(RECIPE)
    out = tmp_path / "out"
    arguments = ["train", "distil", "--teacher", str(faceformer), "--audio", str(audio), "--out", str(out)]
    result = CliRunner().invoke(main, [*arguments, "--recipe", str(tmp_path / "student.toml")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    report = json.loads((out / "report.json").read_text())
    assert [round(price["lookahead_ms"]) for price in report["prices"]] == [0, 33, 67, 100]
    assert report["unit"] == "m"
    assert all(0 < price["error"] < np.inf for price in report["prices"])
    assert result.output.count("\n|") == 5
    assert (out / "report.svg").read_text().startswith("<?xml")
    assert (out / "lookahead-0ms" / "best.pt").is_file()
    assert torch.load(out / "lookahead-100ms" / "latest.pt")["step"] == 30
    with pytest.raises(UsageError, match="holds students; add --resume"):
        CliRunner().invoke(main, [*arguments, "--recipe", str(tmp_path / "student.toml")], catch_exceptions=False)
    write_audio(tmp_path / "audio" / "more", 1, 4.0)
    with pytest.raises(UsageError, match="learns from other data"):
        CliRunner().invoke(main, [*arguments, "--resume"], catch_exceptions=False)
