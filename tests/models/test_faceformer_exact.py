"""Exact FaceFormer against the prefix-recomputing form, for both dataset variants and lengths the published code lacks.

Oracle: `tests.models.naive_faceformer`, on transformers' encoder and PyTorch's decoder.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from sdk.models.faceformer import FaceFormer, FaceFormerConfig
from sdk.models.faceformer.checkpoint import save_checkpoint
from tests.models.naive_faceformer import NaiveFaceFormer
from tests.models.tiny_faceformer import example, tiny_config, tiny_faceformer

TOLERANCE = 2e-4

CASES = [
    pytest.param(tiny_config("vocaset", feature_dim=24, vertice_dim=21, subjects=5), 31_111, id="vocaset"),
    pytest.param(tiny_config("vocaset", feature_dim=8, hidden=64, layers=3, channels=5), 720, id="vocaset one frame"),
    pytest.param(tiny_config("vocaset", feature_dim=12, subjects=1, period=25), 40_000, id="vocaset period 25"),
    pytest.param(tiny_config("biwi", feature_dim=32, vertice_dim=33, subjects=2), 32_000, id="biwi odd features"),
    pytest.param(tiny_config("biwi", feature_dim=8, hidden=48, layers=2), 32_400, id="biwi even features"),
    pytest.param(tiny_config("biwi", feature_dim=16, ffn=7), 720, id="biwi one frame"),
    pytest.param(tiny_config("biwi", feature_dim=16, period=30), 20_000, id="biwi period 30"),
]


def both(config: FaceFormerConfig, folder: Path, frames: int = 700) -> tuple[FaceFormer, NaiveFaceFormer]:
    """Our model, read back from a checkpoint, and the naive one on the same file."""
    path = folder / "model.pth"
    save_checkpoint(tiny_faceformer(config, seed=config.feature_dim), path)
    ours = FaceFormer.from_checkpoint(path, dataset=config.dataset)
    assert ours.config == config
    naive = NaiveFaceFormer(torch.load(path, weights_only=True), config.dataset, config.period, frames)
    return ours, naive


def assert_close(ours: Tensor, oracle: Tensor) -> None:
    assert ours.shape == oracle.shape
    torch.testing.assert_close(ours, oracle, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(("config", "samples"), CASES)
@torch.no_grad()
def test_animate(config: FaceFormerConfig, samples: int, tmp_path: Path) -> None:
    ours, naive = both(config, tmp_path)
    arguments = example(config, samples, seed=1)
    predicted = ours.animate(*arguments)
    assert_close(predicted, naive.predict(*arguments))
    assert (predicted - arguments[1]).abs().mean() > 0.1  # else nothing was tested


@pytest.mark.parametrize("dataset", ["vocaset", "biwi"])
@torch.no_grad()
def test_animate_beyond_600_frames(dataset: str, tmp_path: Path) -> None:
    """The published code stops at 600 frames; the naive one has larger tables."""
    config = tiny_config(dataset, feature_dim=8, vertice_dim=6)
    ours, naive = both(config, tmp_path, frames=640)
    samples = int(625 * 16_000 / config.frame_rate)
    predicted = ours.animate(*example(config, samples))
    assert 600 < predicted.shape[1] < 640
    assert_close(predicted, naive.predict(*example(config, samples)))


@pytest.mark.parametrize("dataset", ["vocaset", "biwi"])
@torch.no_grad()
def test_a_mix_of_styles(dataset: str, tmp_path: Path) -> None:
    config = tiny_config(dataset)
    ours, naive = both(config, tmp_path)
    audio, template, one_hot = example(config, 16_000)
    mix = torch.tensor([[0.2, 0.5, 0.3]])
    predicted = ours.animate(audio, template, mix)
    assert_close(predicted, naive.predict(audio, template, mix))
    assert (predicted - ours.animate(audio, template, one_hot)).abs().max() > 100 * TOLERANCE


@pytest.mark.parametrize("teacher_forcing", [True, False], ids=["teacher forced", "autoregressive"])
@pytest.mark.parametrize(
    ("dataset", "frames"),
    [("vocaset", 1), ("vocaset", 20), ("vocaset", 40), ("biwi", 1), ("biwi", 20), ("biwi", 24), ("biwi", 40)],
)
def test_training_forwards(dataset: str, frames: int, teacher_forcing: bool, tmp_path: Path) -> None:
    """24 biwi frames are those of the audio; more are cut, fewer cut the audio. vocaset stretches to any number."""
    config = tiny_config(dataset)
    ours, naive = both(config, tmp_path)
    audio, template, style = example(config, 16_000)
    vertices = template[:, None] + torch.randn(1, frames, config.vertice_dim)
    result = ours(audio, template, vertices, style, teacher_forcing=teacher_forcing)
    predicted, loss = naive.train_step(audio, template, style, vertices, teacher_forcing)
    assert_close(result.vertices, predicted)
    assert_close(result.loss, loss)
    kept = frames if dataset == "vocaset" else min(frames, 24)
    assert torch.equal(result.target, vertices[:, :kept])


@pytest.mark.parametrize("teacher_forcing", [True, False], ids=["teacher forced", "autoregressive"])
@pytest.mark.parametrize("dataset", ["vocaset", "biwi"])
def test_gradients(dataset: str, teacher_forcing: bool, tmp_path: Path) -> None:
    """The folded vertex round trip trains the same weights in the same direction."""
    config = tiny_config(dataset)
    ours, naive = both(config, tmp_path)
    audio, template, style = example(config, 8_000)
    vertices = template[:, None] + torch.randn(1, 12, config.vertice_dim)
    ours(audio, template, vertices, style, teacher_forcing=teacher_forcing).loss.backward()
    naive.train_step(audio, template, style, vertices, teacher_forcing)[1].backward()
    oracle = {name: parameter.grad for name, parameter in naive.named_parameters()}
    for name in ("vertice_map.weight", "vertice_map_r.weight", "obj_vector.weight", "audio_feature_map.weight"):
        assert_close(ours.get_parameter(name).grad, oracle[name])
    self_attention = "transformer_decoder.layers.0.self_attn.in_proj_weight"
    assert_close(ours.get_parameter(self_attention).grad, oracle[self_attention])
    assert all(p.grad is None for p in ours.audio_encoder.feature_extractor.parameters())


def test_autoregressive_training_forward_is_animate(tmp_path: Path) -> None:
    config = tiny_config("vocaset")
    model = tiny_faceformer(config)
    audio, template, style = example(config, 16_000)
    predicted = model.animate(audio, template, style)
    result = model(audio, template, predicted, style, teacher_forcing=False)
    assert_close(result.vertices, predicted)


def test_training_mode_drops_and_masks() -> None:
    """Dropout, layer drop and time masks are on in training: two forwards differ, and gradients reach the mask."""
    config = tiny_config("vocaset")
    model = tiny_faceformer(config).train()
    audio, template, style = example(config, 32_000)
    vertices = template[:, None].repeat(1, 40, 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first, second = (model(audio, template, vertices, style, teacher_forcing=False) for _ in range(2))
    assert (first.vertices - second.vertices).abs().max() > 0.01
    first.loss.backward()
    gradient = model.audio_encoder.masked_spec_embed.grad
    assert gradient is not None
    assert gradient.abs().max() > 0


@pytest.mark.parametrize(("dataset", "dead"), [("vocaset", True), ("biwi", False)])
def test_cross_attention_query_and_key_are_dead_for_one_vector_a_frame(dataset: str, dead: bool) -> None:
    config = tiny_config(dataset)
    model = tiny_faceformer(config)
    arguments = example(config, 16_000)
    before = model.animate(*arguments)
    with torch.no_grad():
        attention = model.transformer_decoder.layer.multihead_attn
        attention.in_proj_weight[: 2 * config.feature_dim] *= -3.0
        attention.in_proj_weight[config.feature_dim : 2 * config.feature_dim] += 0.5
    assert torch.equal(before, model.animate(*arguments)) == dead
