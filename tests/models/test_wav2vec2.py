"""Our wav2vec 2.0, whole-clip. Oracle: transformers' `Wav2Vec2Model` with random weights."""

from __future__ import annotations

import pytest
import torch
import transformers

from sdk.models.layers.wav2vec2 import Wav2Vec2, Wav2Vec2Config
from sdk.models.layers.wav2vec2.spec_augment import MINIMUM_SPANS, SPAN, time_mask
from tests.models.tiny_faceformer import redraw

CONFIGS = [
    Wav2Vec2Config(hidden=32, layers=2, heads=2, ffn=64, conv_dim=(16,) * 7),
    Wav2Vec2Config(
        hidden=48,
        layers=3,
        heads=4,
        ffn=40,
        conv_dim=(6, 8, 10, 12, 10, 8, 14),
        pos_conv_kernel=9,
        pos_conv_groups=3,
    ),
    Wav2Vec2Config(
        hidden=24,
        layers=1,
        heads=3,
        ffn=24,
        conv_dim=(8, 8, 8),
        kernels=(10, 4, 3),
        strides=(5, 3, 2),
        pos_conv_groups=8,
    ),
]


def library(config: Wav2Vec2Config) -> transformers.Wav2Vec2Model:
    return transformers.Wav2Vec2Model(
        transformers.Wav2Vec2Config(
            hidden_size=config.hidden,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.ffn,
            conv_dim=config.conv_dim,
            conv_kernel=config.kernels,
            conv_stride=config.strides,
            num_conv_pos_embeddings=config.pos_conv_kernel,
            num_conv_pos_embedding_groups=config.pos_conv_groups,
            feat_extract_norm="group",
            do_stable_layer_norm=False,
            attn_implementation="eager",
        )
    ).eval()


def pair(config: Wav2Vec2Config) -> tuple[Wav2Vec2, transformers.Wav2Vec2Model]:
    """Ours and the library's with the same weights; the library's weight normalisation is evaluated by itself."""
    oracle = library(config)
    redraw(oracle, seed=config.hidden)
    conv = "encoder.pos_conv_embed.conv."
    state = {key: value for key, value in oracle.state_dict().items() if not key.startswith(f"{conv}param")}
    ours = Wav2Vec2(config).eval()
    ours.load_state_dict({**state, f"{conv}weight": oracle.encoder.pos_conv_embed.conv.weight.detach()}, strict=True)
    return ours, oracle


@pytest.mark.parametrize("config", CONFIGS, ids=["published kernels", "uneven", "three convolutions"])
@pytest.mark.parametrize("samples", [400, 5_000, 16_000])
@torch.no_grad()
def test_every_layer_is_the_library_s(config: Wav2Vec2Config, samples: int) -> None:
    ours, oracle = pair(config)
    audio = torch.randn(2, samples, generator=torch.Generator().manual_seed(samples))
    expected = oracle(audio, output_hidden_states=True)
    features = ours.feature_extractor(audio)
    assert features.shape == (2, config.feature_count(samples), config.conv_dim[-1])
    torch.testing.assert_close(features, oracle.feature_extractor(audio).mT, atol=2e-5, rtol=0)
    x = ours.feature_projection(features)
    x = ours.encoder.layer_norm(x + ours.encoder.pos_conv_embed(x))
    for layer, hidden in zip([*ours.encoder.layers, None], expected.hidden_states, strict=True):
        torch.testing.assert_close(x, hidden, atol=2e-5, rtol=0)
        x = layer(x) if layer is not None else x
    torch.testing.assert_close(ours(audio), expected.last_hidden_state, atol=2e-5, rtol=0)


@pytest.mark.parametrize("config", CONFIGS)
def test_feature_count_and_its_inverse(config: Wav2Vec2Config) -> None:
    oracle = library(config)
    for samples in range(config.samples_for(1), 3_000, 7):
        assert config.feature_count(samples) == oracle._get_feat_extract_output_lengths(samples).item()
    for features in range(1, 9):
        shortest = config.samples_for(features)
        assert (config.feature_count(shortest), config.feature_count(shortest - 1)) == (features, features - 1)
    assert config.feature_count(0) == 0


def test_published_sizes() -> None:
    """Feature counts that the published code gives, and 94,371,712 parameters with the 128 that are folded here."""
    config = Wav2Vec2Config()
    assert [config.feature_count(n) for n in (399, 400, 719, 720, 8_000, 16_000, 32_000)] == [0, 1, 1, 2, 24, 49, 99]
    with torch.device("meta"):
        assert sum(p.numel() for p in Wav2Vec2(config).parameters()) + 128 == 94_371_712


def test_impossible_sizes_are_refused() -> None:
    for change in ({"heads": 7}, {"pos_conv_groups": 5}, {"kernels": (10, 3)}, {"conv_dim": ()}, {"width": 3}):
        with pytest.raises(ValueError, match="Wav2Vec2Config"):
            Wav2Vec2Config.model_validate(change)


def test_time_mask_spans() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mask = time_mask(200, 400)
    parts = mask.float().mean(1)
    assert parts.min() >= SPAN / 400
    assert parts.max() <= 3 * SPAN / 400
    assert 0.035 < parts.mean() <= 0.05 * 1.25
    edges = (mask[:, 1:] != mask[:, :-1]).sum(1)
    assert edges.max() <= 2 * (MINIMUM_SPANS + 1)
    assert not time_mask(3, SPAN).any()
    assert time_mask(3, SPAN + 1).sum(1).eq(SPAN).all()
