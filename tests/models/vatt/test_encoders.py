"""The encoders against other people's implementations and against loops: transformer, T5, splines, tokens, sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import T5Config
from transformers.models.t5.modeling_t5 import T5Attention, T5LayerNorm

from sdk.models.vatt import UnifiedVatt, Vatt, vatt_bbs, vatt_lbs, vatt_mbs, vatt_unified
from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import SIZES, AudioConfig
from sdk.models.vatt.positions import SpatioTemporalEmbeddings, resample
from sdk.models.vatt.text import TextEncoder, distance_buckets
from sdk.models.vatt.transformer import TransformerEncoder, key_mask, prepend
from sdk.models.vatt.unified import UnifiedEncoder
from sdk.models.vatt.video import VideoEncoder
from tests.models.vatt.small import TINY, TINY_UNIFIED, TINY_VATT, noise, shaken


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


PARTS = (
    *("layer_norm", "mha.q", "mha.k", "mha.v", "mha.o"),
    *("feed_forward.layer_norm", "feed_forward.mlp.wi", "feed_forward.mlp.wo"),
)


def torchs_transformer(ours: TransformerEncoder) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        32, 4, 64, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    theirs = nn.TransformerEncoder(layer, 2, nn.LayerNorm(32, eps=1e-6), enable_nested_tensor=False).eval()
    state = ours.state_dict()
    table = {"norm.weight": state["final_layer_norm.weight"], "norm.bias": state["final_layer_norm.bias"]}
    for index in range(2):
        for kind in ("weight", "bias"):
            mine = {key: state[f"layers.{index}.{key}.{kind}"] for key in PARTS}
            packed = torch.cat([mine["mha.q"], mine["mha.k"], mine["mha.v"]])
            table |= {
                f"layers.{index}.self_attn.in_proj_{kind}": packed,
                f"layers.{index}.self_attn.out_proj.{kind}": mine["mha.o"],
                f"layers.{index}.norm1.{kind}": mine["layer_norm"],
                f"layers.{index}.norm2.{kind}": mine["feed_forward.layer_norm"],
                f"layers.{index}.linear1.{kind}": mine["feed_forward.mlp.wi"],
                f"layers.{index}.linear2.{kind}": mine["feed_forward.mlp.wo"],
            }
    theirs.load_state_dict(table)
    return theirs


def test_transformer_is_torchs_with_and_without_padding() -> None:
    """Oracle: torch.nn.TransformerEncoder, norm_first."""
    ours = shaken(TransformerEncoder(TINY))
    x, valid = noise(3, 7, 32), torch.ones(3, 7, dtype=torch.bool)
    theirs = torchs_transformer(ours)
    torch.testing.assert_close(ours(x), theirs(x), atol=2e-6, rtol=1e-5)
    valid[0, 4:], valid[2, 1] = False, False
    padded = theirs(x, src_key_padding_mask=~valid)
    torch.testing.assert_close(ours(x, key_mask(valid))[valid], padded[valid], atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 14, 1200])
@pytest.mark.parametrize("length", [1, 7, 16, 41])
def test_positions_of_another_length_are_a_natural_cubic_spline(rows: int, length: int) -> None:
    """Oracle: scipy.interpolate.CubicSpline, and a straight line beyond its last knot."""
    table = noise(rows, 5)
    knots, places = np.arange(rows) / rows, np.arange(length) / length
    if rows in (1, length):
        expected = np.repeat(table.numpy(), length // rows, 0)
    elif rows == 2:
        expected = table[0].numpy() + places[:, None] * 2 * (table[1] - table[0]).numpy()
    else:
        spline = CubicSpline(knots, table.double().numpy(), bc_type="natural")
        last = knots[-1]
        beyond = spline(last) + (places[:, None] - last) * spline(last, 1)
        expected = np.where(places[:, None] > last, beyond, spline(places))
    np.testing.assert_allclose(resample(table, length).numpy(), expected, atol=2e-5)


def test_positions_at_the_tables_own_length_are_its_rows() -> None:
    table = noise(12, 4)
    assert resample(table, 12) is table


def test_positions_of_a_grid() -> None:
    """Oracle: a loop over the grid; one axis of another length than its table."""
    positions = shaken(SpatioTemporalEmbeddings((3, 4, 5), 32, 0.1))
    tables = [
        positions.get_parameter(f"{name}_position_embeddings.weight") for name in ("temporal", "vertical", "horizontal")
    ]
    read = [resample(table, length) for table, length in zip(tables, (3, 4, 7), strict=True)]
    vectors = positions.vectors((3, 4, 7))
    for t, v, h in np.ndindex(3, 4, 7):
        summed = read[0][t] + read[1][v] + read[2][h]
        expected = F.layer_norm(summed, (32,), positions.layernorm.weight, positions.layernorm.bias, 1e-6)
        torch.testing.assert_close(vectors[t, v, h], expected)
    tokens = noise(2, 3, 4, 7, 32)
    torch.testing.assert_close(positions(tokens), tokens + vectors)


def test_video_tokens_are_patches_times_a_matrix() -> None:
    """Oracle: a loop over the grid."""
    encoder = shaken(VideoEncoder(TINY_VATT.video))
    video = noise(2, 6, 8, 16, 3)
    tokens = encoder.tokens(video)
    assert tokens.shape == (2, 3, 2, 4, 32)
    kernel = encoder.voxel_to_patch.weight.permute(0, 2, 3, 4, 1)
    for t, h, w in np.ndindex(3, 2, 4):
        patch = video[:, 2 * t : 2 * t + 2, 4 * h : 4 * h + 4, 4 * w : 4 * w + 4]
        expected = torch.einsum("bthwc,dthwc->bd", patch, kernel) + encoder.voxel_to_patch.bias
        torch.testing.assert_close(tokens[:, t, h, w], expected, atol=1e-5, rtol=1e-5)


def test_video_encoder_puts_its_parts_together() -> None:
    """Oracle: the parts, tested above, and torch's transformer; tokens along width, then height, then time."""
    encoder = shaken(VideoEncoder(TINY_VATT.video))
    video = noise(2, 6, 16, 16, 3)
    tokens = (encoder.tokens(video) + encoder.pos_embedding_lookup.vectors((3, 4, 4))).reshape(2, 48, 32)
    expected = torchs_transformer(encoder.tx)(torch.cat([encoder.agg_embedding.expand(2, 1, 32), tokens], 1))
    encoded = encoder(video)
    torch.testing.assert_close(encoded.pooled, expected[:, 0], atol=5e-6, rtol=1e-5)
    torch.testing.assert_close(encoded.tokens, expected[:, 1:], atol=5e-6, rtol=1e-5)


def test_samples_after_the_last_whole_token_are_left() -> None:
    encoder = shaken(WaveformEncoder(TINY_VATT.audio))
    waveform = noise(2, 200)
    assert torch.equal(encoder(waveform).pooled, encoder(waveform[:, :192]).pooled)


def t5_config() -> T5Config:
    return T5Config(
        d_model=32, d_kv=8, num_heads=4, relative_attention_num_buckets=8, relative_attention_max_distance=16,
        dropout_rate=0.0, is_decoder=False,
    )  # fmt: skip


def test_distance_buckets_are_t5s() -> None:
    """Oracle: transformers' T5Attention, at the published sizes and at the small ones."""
    distance = torch.arange(-150, 151)
    for buckets, farthest in ((32, 64), (8, 16)):
        theirs = T5Attention._relative_position_bucket(distance, True, buckets, farthest)
        assert torch.equal(distance_buckets(distance, buckets, farthest), theirs)


def test_text_attention_is_t5s() -> None:
    """Oracle: transformers' T5Attention and T5LayerNorm with the same weights, a padded word in the middle."""
    encoder = shaken(TextEncoder(TINY_VATT.text))
    layer = encoder.base_lm.layers[0].self_attention
    theirs = T5Attention(t5_config(), has_relative_attention_bias=True, layer_idx=0).eval()
    theirs.load_state_dict(layer.attention.state_dict())
    norm = T5LayerNorm(32, eps=1e-6)
    norm.load_state_dict(layer.layer_norm.state_dict())
    x, valid = noise(2, 20, 32), torch.ones(2, 20, dtype=torch.bool)
    valid[1, 3:9] = False
    bias = encoder.base_lm.relative_bias(20)
    torch.testing.assert_close(layer.attention.relative_attention_bias.weight, theirs.relative_attention_bias.weight)
    torch.testing.assert_close(bias, theirs.compute_bias(20, 20))
    mixed = theirs(norm(x), position_bias=bias + key_mask(valid))[0]
    torch.testing.assert_close(layer(x, bias + key_mask(valid)), x + mixed, atol=2e-6, rtol=1e-5)


def test_text_encoder_puts_its_parts_together() -> None:
    encoder = shaken(TextEncoder(TINY_VATT.text))
    words = torch.tensor([[3, 7, 49, 0, 0], [1, 0, 2, 5, 4]])
    x = torch.cat([encoder.agg_embedding.expand(2, 1, 12), encoder.embedding.weight[words]], 1)
    x = F.gelu(x @ encoder.pre_proj.weight.T)
    bias = encoder.base_lm.relative_bias(6) + key_mask(torch.cat([torch.ones(2, 1, dtype=torch.bool), words > 0], 1))
    for layer in encoder.base_lm.layers:
        x = layer.self_attention(x, bias)
        part = layer.feed_forward
        normed = F.layer_norm(x, (32,), part.layer_norm.weight, part.layer_norm.bias, 1e-6)
        x = x + F.gelu(normed @ part.mlp.wi.weight.T) @ part.mlp.wo.weight.T
    x = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * encoder.base_lm.final_layer_norm.weight
    encoded = encoder(words)
    torch.testing.assert_close(encoded.pooled, x[:, 0], atol=5e-6, rtol=1e-5)
    torch.testing.assert_close(encoded.tokens, x[:, 1:], atol=5e-6, rtol=1e-5)


@pytest.mark.parametrize(
    "encoder", [shaken(TextEncoder(TINY_VATT.text)).forward, shaken(UnifiedEncoder(TINY_UNIFIED)).encode_text]
)
def test_padding_is_not_heard(encoder) -> None:
    """What stands in the table for padding changes no word; a sentence of padding alone has a finite vector."""
    words = torch.tensor([[3, 7, 0, 9, 0, 0]])
    table = next(
        p for name, p in encoder.__self__.named_parameters() if name.endswith(("embedding.weight", "text.weight"))
    )
    before = encoder(words)
    table[0] += 3.0
    after = encoder(words)
    table[0] -= 3.0
    assert torch.equal(before.pooled, after.pooled)
    assert torch.equal(before.tokens[0, [0, 1, 3]], after.tokens[0, [0, 1, 3]])
    assert not torch.equal(before.tokens[0, 2], after.tokens[0, 2])
    assert encoder(torch.zeros(1, 6, dtype=torch.int64)).pooled.isfinite().all()


def unified_by_hand(encoder: UnifiedEncoder, name: str, raw: Tensor, aggregate: Tensor, positions: Tensor) -> Tensor:
    x = F.gelu(F.linear(raw, *encoder.pre_proj[name].parameters())) + positions
    x = torchs_transformer(encoder.tx)(prepend(aggregate, x.flatten(1, -2)))
    return F.gelu(F.linear(x, *encoder.post_proj[name].parameters()))


def test_unified_encoder_puts_its_parts_together() -> None:
    """Oracle: torch's transformer, and the order of the parts as the published code has it."""
    encoder = shaken(UnifiedEncoder(TINY_UNIFIED))
    video, waveform, words = noise(2, 6, 16, 16, 3), noise(2, 192), torch.tensor([[3, 7, 49, 2, 4, 8]])
    positions = encoder.pos_embedding_lookup
    grid = encoder.raw_to_embeddings["video"](video.permute(0, 4, 1, 2, 3)).permute(0, 2, 3, 4, 1)
    patches = encoder.raw_to_embeddings["audio"](waveform[:, None]).mT
    expected = {
        "video": (grid, encoder.vid_agg_embedding, positions["video"].vectors((3, 4, 4))),
        "audio": (patches, encoder.aud_agg_embedding, positions["audio"].vectors(12)),
        "text": (
            encoder.raw_to_embeddings["text"].weight[words],
            encoder.txt_agg_embedding,
            positions["text"].vectors(6),
        ),
    }
    ours = {
        "video": encoder.encode_video(video),
        "audio": encoder.encode_audio(waveform),
        "text": encoder.encode_text(words),
    }
    for name, encoded in ours.items():
        sequence = unified_by_hand(encoder, name, *expected[name])
        torch.testing.assert_close(encoded.pooled, sequence[:, 0], atol=5e-6, rtol=1e-5)
        torch.testing.assert_close(encoded.tokens, sequence[:, 1:], atol=5e-6, rtol=1e-5)


def millions(module: nn.Module, *, trainable: bool = True) -> float:
    return round(sum(p.numel() for p in module.parameters() if p.requires_grad == trainable) / 1e6, 3)


def test_published_sizes() -> None:
    """Oracle: parameter counts of the published classes."""
    with torch.device("meta"):
        bbs, mbs, lbs = (Vatt(config()) for config in (vatt_bbs, vatt_mbs, vatt_lbs))
        unified = UnifiedVatt(vatt_unified())
        medium = WaveformEncoder(AudioConfig(transformer=SIZES["medium"]))
    assert (millions(bbs.audio), millions(medium)) == (86.079, 152.521)
    assert (millions(bbs.video), millions(mbs.video)) == (87.446, 154.343)
    assert millions(lbs.video) == pytest.approx(305.5, abs=0.05)
    assert (millions(bbs.text), millions(bbs.text, trainable=False)) == (19.038, 19.661)
    assert (millions(unified.encoder), millions(unified.encoder, trainable=False)) == (161.283, 19.661)
