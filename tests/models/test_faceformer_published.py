"""Exact FaceFormer against numbers of the published code.

Oracle: `tests/oracles/faceformer`, made by FaceFormer's published modules (see the README there).
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from sdk.models.faceformer import FaceFormer, FaceFormerConfig
from sdk.models.faceformer.model import normalise_utterance
from sdk.models.faceformer.rollout import rollout

ORACLES = Path(__file__).parent.parent / "oracles" / "faceformer"
TOLERANCE = 2e-4


@pytest.fixture(scope="module")
def model() -> FaceFormer:
    return FaceFormer.from_checkpoint(ORACLES / "faceformer_vocaset_tiny.pth")


@pytest.fixture(scope="module", params=["noise", "oneframe"])
def oracle(request: pytest.FixtureRequest) -> dict[str, Tensor]:
    return load_file(ORACLES / f"faceformer_vocaset_{request.param}.safetensors")


def test_sizes_are_read_off_the_checkpoint(model: FaceFormer) -> None:
    config = model.config
    assert (config.dataset, config.frame_rate, config.period) == ("vocaset", 30, 30)
    assert (config.feature_dim, config.vertice_dim, config.subjects, config.heads) == (64, 30, 3, 4)
    encoder = config.encoder
    assert (encoder.hidden, encoder.layers, encoder.heads, encoder.ffn) == (32, 2, 2, 64)
    assert encoder.conv_dim == (32,) * 7
    assert (encoder.pos_conv_kernel, encoder.pos_conv_groups) == (128, 16)


def test_animate_is_the_published_predict(model: FaceFormer, oracle: dict[str, Tensor]) -> None:
    vertices = model.animate(oracle["audio_raw"], oracle["template"], oracle["one_hot"])
    torch.testing.assert_close(vertices, oracle["pred"], atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_every_intermediate_value(model: FaceFormer, oracle: dict[str, Tensor]) -> None:
    encoder = model.audio_encoder
    ours = {"audio_norm": normalise_utterance(oracle["audio_raw"])}
    features = ours["predict.conv_features"] = encoder.feature_extractor(ours["audio_norm"])
    ours["predict.proj_input"] = model.align(features)
    projected = ours["predict.proj_output"] = encoder.feature_projection(ours["predict.proj_input"])
    ours["predict.pos_conv"] = encoder.encoder.pos_conv_embed(projected)
    ours["predict.encoder_input"] = encoder.encoder.layer_norm(projected + ours["predict.pos_conv"])
    ours["predict.encoder_layer0"] = encoder.encoder.layers[0](ours["predict.encoder_input"])
    ours["predict.encoder_hidden"] = encoder.encoder(projected)
    encoded = ours["predict.memory"] = model.encode(features)

    decoder, style = model.transformer_decoder, oracle["one_hot"]
    memory, feedback = decoder.project_memory(encoded), model.feedback(style)
    hidden = ours["predict.decoder_out"] = rollout(
        decoder.layer,
        memory,
        style=model.obj_vector(style),
        feedback=feedback,
        places=model.PPE.table(len(memory)),
        period=decoder.period,
    )
    tokens = torch.cat([model.obj_vector(style)[None], F.linear(hidden[:, :-1], *feedback)], 1)
    ours["predict.decoder_in"] = model.PPE(tokens)

    assert {key for key in oracle if key.startswith("predict.")} <= ours.keys()
    for key, value in ours.items():
        torch.testing.assert_close(value, oracle[key], atol=TOLERANCE, rtol=0, msg=lambda m, key=key: f"{key}: {m}")


@pytest.mark.parametrize(("teacher_forcing", "name"), [(True, "tf"), (False, "ar")])
def test_both_training_forwards(model: FaceFormer, oracle: dict[str, Tensor], teacher_forcing: bool, name: str) -> None:
    target = oracle["train.exact.vertice"]
    result = model(oracle["audio_raw"], oracle["template"], target, oracle["one_hot"], teacher_forcing=teacher_forcing)
    torch.testing.assert_close(result.vertices, oracle[f"train.exact.{name}_out"], atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(result.loss[None], oracle[f"train.exact.{name}_loss"], atol=TOLERANCE, rtol=0)
    assert torch.equal(result.target, target)


def test_utterance_normaliser_has_the_eps_of_the_pinned_transformers(oracle: dict[str, Tensor]) -> None:
    """1e-5; the 1e-7 of later releases is 2e-3 away from the published values."""
    audio = oracle["audio_raw"]
    torch.testing.assert_close(normalise_utterance(audio), oracle["audio_norm"], atol=2e-6, rtol=0)
    other = (audio - audio.mean()) / torch.sqrt(audio.var(correction=0) + 1e-7)
    assert (other - oracle["audio_norm"]).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("config", "parameters", "trainable"),
    [
        (FaceFormerConfig(), 96_415_645, 92_215_197),
        (
            FaceFormerConfig(dataset="biwi", feature_dim=128, vertice_dim=70_110, period=25, subjects=6),
            112_688_094,
            None,
        ),
    ],
    ids=["vocaset", "biwi"],
)
def test_published_sizes(config: FaceFormerConfig, parameters: int, trainable: int | None) -> None:
    """Counts of the published models; weight normalisation holds 128 magnitudes that are folded here."""
    with torch.device("meta"):
        model = FaceFormer(config)
    assert sum(p.numel() for p in model.parameters()) + 128 == parameters
    if trainable:
        assert sum(p.numel() for p in model.parameters() if p.requires_grad) + 128 == trainable
    rows = {"vocaset": 630, "biwi": 625}[config.dataset]
    assert model.PPE.pe.shape == (1, rows, config.feature_dim)
    assert len(model.state_dict()) + 1 == 237


def test_frame_count_is_the_published_float_expression() -> None:
    """Lengths where it gives one frame fewer than exact arithmetic, found by running the published expression."""
    config = FaceFormerConfig()
    fewer = [n for n in range(5000) if config.frame_count(n) != 3 * n // 5]
    assert fewer == [
        *(205, 410, 820, 845, 1615, 1640, 1665, 1690),
        *(3205, 3230, 3255, 3280, 3305, 3330, 3355, 3380, 3405),
    ]
    assert all(config.frame_count(n) == 3 * n // 5 - 1 for n in fewer)
    biwi = FaceFormerConfig(dataset="biwi", period=25)
    assert [biwi.frame_count(n) for n in (1, 2, 3, 24, 25)] == [0, 1, 1, 12, 12]
