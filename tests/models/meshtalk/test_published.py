"""Every number of the oracle file. Oracle: MeshTalk's own published code, see tests/oracles/meshtalk/README.md."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from sdk.models.meshtalk.front_end import log_mel, normalise_level
from sdk.models.meshtalk.losses import context_error
from sdk.models.meshtalk.quantise import choose, one_hot
from sdk.models.meshtalk.training import Regions, Segments, context_loss, latent_losses
from tests.models.meshtalk.small import oracle, oracle_chunks, oracle_model

TOLERANCE = 2e-4
MODEL = oracle_model()
ORACLE = oracle()


def off(ours: Tensor, name: str) -> float:
    """Largest difference, as a share of the oracle's largest value."""
    theirs = ORACLE[name]
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


def labels(name: str) -> Tensor:
    return ORACLE[name].long()


def test_level() -> None:
    assert off(normalise_level(ORACLE["audio_16k"]), "audio_normalised") < 1e-6


def test_log_mel() -> None:
    """As powers; where a band holds only the rounding of a Fourier transform, 60 dB below, its logarithm is noise."""
    ours, theirs = log_mel(oracle_chunks()[0, :3]), ORACLE["log_mel_first3"]
    assert float((ours.exp() - theirs.exp()).abs().max() / theirs.exp().max()) < 1e-5
    heard = theirs > -12
    assert heard.float().mean() > 0.3
    torch.testing.assert_close(ours[heard], theirs[heard], atol=1e-4, rtol=0)
    assert off(ours, "log_mel_first3") < 1e-3


def test_audio_code() -> None:
    assert off(MODEL.encode_audio(ORACLE["audio_16k"]), "audio_code") < TOLERANCE


@torch.no_grad()
def test_expression_and_fusion() -> None:
    expression = MODEL.encoder.expression_encoder(ORACLE["geometry"])
    assert off(expression, "expression_code") < TOLERANCE
    logprobs = MODEL.encoder.fusion_model(expression, MODEL.encode_audio(ORACLE["audio_16k"]))
    assert off(logprobs, "fusion_logprobs") < TOLERANCE
    assert off(MODEL.encoder(ORACLE["geometry"], oracle_chunks()), "fusion_logprobs") < TOLERANCE
    assert torch.equal(choose(logprobs), labels("argmax_labels"))
    assert torch.equal(MODEL.quantise(ORACLE["geometry"], ORACLE["audio_16k"]), labels("argmax_labels"))


def test_decoder() -> None:
    assert off(MODEL.decode(ORACLE["template"], ORACLE["argmax_labels"]), "decoded_geometry") < TOLERANCE
    tracked = MODEL.reconstruct(ORACLE["geometry"], ORACLE["audio_16k"], ORACLE["template"])
    assert off(tracked, "decoded_geometry") < TOLERANCE


@torch.no_grad()
def test_context_model() -> None:
    codes = one_hot(labels("argmax_labels"), MODEL.config.classes)
    logprobs = MODEL.context_model(codes, ORACLE["audio_code"])
    assert off(logprobs, "context_logprobs_teacher_forced") < TOLERANCE


@pytest.mark.parametrize(
    ("name", "uniforms"), [("sampled_argmax_labels", None), ("sampled_gumbel_labels", ORACLE["gumbel_uniforms"])]
)
def test_sampled_labels(name: str, uniforms: Tensor | None) -> None:
    for audio_code in (ORACLE["audio_code"], MODEL.encode_audio(ORACLE["audio_16k"])):
        assert torch.equal(MODEL.sample(audio_code, uniforms), labels(name))


def test_animation() -> None:
    audio, template, mask = ORACLE["audio_16k"], ORACLE["template"], ORACLE["smooth_mask"]
    assert off(MODEL.animate(audio, template), "animated_geometry") < TOLERANCE
    assert off(MODEL.animate(audio, template, smooth_mask=mask), "animated_geometry_smoothed") < TOLERANCE
    drawn = MODEL.animate(audio, template, ORACLE["gumbel_uniforms"])
    assert off(drawn, "animated_geometry") > 10 * TOLERANCE


@pytest.fixture(scope="module")
def segments() -> Segments:
    starts = ORACLE["loss_in.audio_first_chunk_index"].tolist()
    sound = torch.stack([oracle_chunks()[0, start : start + 6] for start in starts])
    return Segments(sound, ORACLE["loss_in.geometry"], ORACLE["loss_in.template"])


@torch.no_grad()
def test_losses(segments: Segments) -> None:
    regions = Regions(*(ORACLE[f"loss_in.{name}"] for name in ("landmarks", "mouth_mask", "eye_mask")))
    first, second = ORACLE["loss_in.shifts"].tolist()
    losses = latent_losses(MODEL, segments, regions, ORACLE["loss_in.gumbel_uniforms"], (first, second))
    for ours, name in [
        (losses.reconstruction, "recon"),
        (losses.landmarks, "landmarks"),
        (losses.modality_crossing, "modality_crossing"),
        (context_loss(MODEL, segments), "cross_entropy"),
    ]:
        torch.testing.assert_close(ours, ORACLE[f"loss.{name}"][0], rtol=1e-4, atol=0)
    expected = losses.reconstruction + losses.landmarks + losses.modality_crossing
    assert losses.total == expected


@torch.no_grad()
def test_context_error_of_the_oracle_s_own_logprobs() -> None:
    """Oracle: the published teacher-forced log-probabilities; the mean of those of the labels."""
    logprobs = ORACLE["context_logprobs_teacher_forced"]
    picked = logprobs.gather(-1, labels("argmax_labels")[..., None])
    torch.testing.assert_close(context_error(logprobs, labels("argmax_labels")), -picked.mean())


def test_the_oracle_file_is_whole() -> None:
    """Each of its arrays is read by this file or by the helper beside it."""
    folder = Path(__file__).parent
    text = "".join((folder / name).read_text() for name in ("test_published.py", "small.py"))
    unread = [name for name in ORACLE if name.removeprefix("loss_in.").removeprefix("loss.") not in text]
    assert not unread
