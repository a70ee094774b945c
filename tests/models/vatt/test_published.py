"""Every number of the oracle files. Oracle: VATT's own published code, see tests/oracles/vatt/README.md."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import DROP_RATE, HeadConfig
from sdk.models.vatt.drop_token import kept_count
from sdk.models.vatt.heads import Embeddings, FacHead, project
from sdk.models.vatt.losses import nce, vatt_loss
from sdk.models.vatt.transformer import MultiHeadAttention, TransformerLayer, prepend, split_heads
from tests.models.vatt.small import oracle, oracle_encoder, oracle_weights

TOLERANCE = 5e-6


def agree(ours: Tensor, theirs: Tensor) -> None:
    assert ours.shape == theirs.shape
    assert float(((ours.detach() - theirs).abs() / theirs.abs().clamp(min=1)).max()) < TOLERANCE


@pytest.fixture
def native() -> dict[str, Tensor]:
    return oracle("audio_native")


def attention_of(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    query, key = split_heads(layer.q(x), layer.heads), split_heads(layer.k(x), layer.heads)
    return (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1)


@torch.no_grad()
def test_waveform_encoder_step_by_step(native: dict[str, Tensor]) -> None:
    encoder = oracle_encoder("audio_native")
    waveform = native["in.waveform"][..., 0]
    agree(encoder.tokens(waveform), native["mid.patch_embeddings"])
    agree(encoder.pos_embedding_lookup.vectors(12), native["mid.position_vectors"])
    x = prepend(encoder.agg_embedding, encoder.pos_embedding_lookup(encoder.tokens(waveform)))
    agree(x, native["mid.tx_input"])
    for index, layer in enumerate(encoder.tx.layers):
        assert isinstance(layer, TransformerLayer)
        agree(attention_of(layer.mha, layer.layer_norm(x)), native[f"mid.layer{index}_attn"])
        x = layer(x)
        agree(x, native[f"mid.layer{index}_out"])


@torch.no_grad()
def test_waveform_encoder(native: dict[str, Tensor]) -> None:
    encoded = oracle_encoder("audio_native")(native["in.waveform"][..., 0])
    agree(encoded.pooled, native["out.aggregated"])
    agree(encoded.tokens, native["out.predictions_1d"])
    agree(torch.cat([encoded.pooled[:, None], encoded.tokens], 1), native["out.sequence"])


@torch.no_grad()
def test_drop_token() -> None:
    theirs, encoder = oracle("audio_droptoken"), oracle_encoder("audio_droptoken")
    kept = theirs["in.permutation"][: kept_count(12, DROP_RATE)]
    assert len(kept) == 6
    encoded = encoder(theirs["in.waveform"][..., 0], kept)
    agree(encoded.pooled, theirs["out.aggregated"])
    agree(encoded.tokens, theirs["out.predictions_1d"])
    agree(torch.cat([encoded.pooled[:, None], encoded.tokens], 1), theirs["out.sequence"])
    placed = encoder.pos_embedding_lookup(encoder.tokens(theirs["in.waveform"][..., 0]))
    x = prepend(encoder.agg_embedding, placed[:, kept])
    first = encoder.tx.layers[0]
    assert isinstance(first, TransformerLayer)
    agree(attention_of(first.mha, first.layer_norm(x)), theirs["mid.layer0_attn"])


@pytest.fixture
def head() -> FacHead:
    head = FacHead(video=24, audio=32, text=32, config=HeadConfig(fine=16, coarse=8))
    head.load_state_dict(oracle_weights("head_fac"))
    return head.eval()


def projected(head: FacHead, prefix: str) -> None:
    theirs = oracle("head_fac")
    pooled = [theirs[f"in.{name}.features_pooled"] for name in ("video", "audio", "text")]
    ours = project(head, *pooled)
    agree(ours.video_to_audio, theirs[f"{prefix}.video.toaud"])
    agree(ours.video_to_text, theirs[f"{prefix}.video.totxt"])
    agree(ours.audio_to_video, theirs[f"{prefix}.audio.tovid"])
    agree(ours.text_to_video, theirs[f"{prefix}.text.tovid"])


@torch.no_grad()
def test_head(head: FacHead) -> None:
    projected(head, "out")


def test_head_in_training_and_the_statistics_after_it(head: FacHead) -> None:
    projected(head.train(), "train.out")
    after = [name for name in oracle("head_fac") if name.startswith("train.after.")]
    assert len(after) == 6
    for name in after:
        agree(head.get_buffer(name.removeprefix("train.after.")), oracle("head_fac")[name])


PAIRS = {"vidtxt": ("video.totxt", "text.tovid"), "vidaud": ("video.toaud", "audio.tovid")}
WEIGHTS = {"default": (1.0, 1.0, 0.0), "all_pairs": (1.0, 1.0, 1.0), "weighted": (1.0, 0.5, 0.25)}
MASKS = ["nomask", "ones", "mixed", "notext"]


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_losses_and_gradients(weights: str, masks: str) -> None:
    """The published total may also hold audio with text, by the mask of the text; `nce` serves that pair too."""
    theirs, prefix = oracle("loss_asymmetric"), f"{weights}.{masks}"
    inputs = {key: value.clone().requires_grad_() for key, value in theirs.items() if key.startswith("in.")}
    audio, text = theirs.get(f"{prefix}.audio_mask"), theirs.get(f"{prefix}.text_mask")
    assert (audio is None) == (masks == "nomask")
    of_text, of_audio, of_both = WEIGHTS[weights]
    embeddings = Embeddings(
        *(inputs[f"in.{name}"] for name in ("video.toaud", "video.totxt", "audio.tovid", "text.tovid"))
    )
    total = vatt_loss(embeddings, audio, text, text_weight=of_text, audio_weight=of_audio)
    if of_both:
        pair = nce(inputs["in.audio.totxt"], inputs["in.text.toaud"], text)
        agree(of_both * pair[None], theirs[f"{prefix}.audtxt_loss"])
        total = (total * (of_text + of_audio) + of_both * pair) / (of_text + of_audio + of_both)
    agree(total[None], theirs[f"{prefix}.loss"])
    agree(
        of_text * nce(embeddings.video_to_text, embeddings.text_to_video, text)[None], theirs[f"{prefix}.vidtxt_loss"]
    )
    agree(
        of_audio * nce(embeddings.video_to_audio, embeddings.audio_to_video, audio)[None],
        theirs[f"{prefix}.vidaud_loss"],
    )
    total.backward()
    gradients = [key for key in theirs if key.startswith(f"{prefix}.grad.")]
    assert len(gradients) == (6 if of_both else 4)
    for key in gradients:
        gradient = inputs[key.replace(f"{prefix}.grad", "in")].grad
        assert gradient is not None
        agree(gradient, theirs[key])


def test_what_masks_hide_gets_no_gradient() -> None:
    """With no text at all, the pair is 0 and its weight stays in the denominator."""
    theirs = oracle("loss_asymmetric")
    expected = theirs["default.ones.vidaud_loss"] / 2
    agree(theirs["default.notext.loss"], expected)
    embeddings = Embeddings(
        *(theirs[f"in.{name}"] for name in ("video.toaud", "video.totxt", "audio.tovid", "text.tovid"))
    )
    agree(vatt_loss(embeddings, torch.ones(4), torch.zeros(4))[None], expected)


def test_the_oracle_files_are_whole() -> None:
    """Each of their results is read by this file."""
    text = Path(__file__).read_text()
    audio = [key for name in ("audio_native", "audio_droptoken") for key in oracle(name) if not key.startswith("w.")]
    unread = [key for key in audio if key not in text and not key.startswith("mid.layer")]
    assert unread == []


def test_parameter_names_are_the_oracle_s() -> None:
    theirs = oracle_weights("audio_native")
    ours: dict[str, Tensor] = oracle_encoder("audio_native").state_dict()
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in theirs.items()}
    assert isinstance(oracle_encoder("audio_native"), WaveformEncoder)
