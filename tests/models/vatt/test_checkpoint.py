"""Published checkpoints: small ones that TensorFlow wrote under the published names, see tests/oracles/vatt."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sdk.errors import CheckpointError
from sdk.models.tensor_bundle import TensorBundle
from sdk.models.vatt.checkpoint import load_unified, load_vatt, load_video_encoder, load_waveform_encoder
from sdk.models.vatt.config import HeadConfig
from sdk.models.vatt.model import Encoders, UnifiedVatt, Vatt
from sdk.models.vatt.variables import VALUE
from tests.models.vatt.small import ORACLES, noise

BASE = "model/layer_with_weights-0/_base_layer"
HEAD = "model/layer_with_weights-0/_head_layer/_bridge_heads/0"


def drawn(path: str, shape: tuple[int, ...]) -> Tensor:
    """What the file holds under a name, in TensorFlow's layout."""
    generator = np.random.default_rng(zlib.crc32(f"{path}{VALUE}".encode()))
    return torch.from_numpy(np.abs(generator.standard_normal(shape)).astype(np.float32))


@pytest.fixture(scope="module")
def specific() -> Vatt:
    return load_vatt(ORACLES / "specific", head_width=8)


@pytest.fixture(scope="module")
def unified() -> UnifiedVatt:
    return load_unified(ORACLES / "unified", head_width=8)


def test_sizes_are_read_off_the_shapes(specific: Vatt, unified: UnifiedVatt) -> None:
    audio, video, text = specific.config.audio, specific.config.video, specific.config.text
    assert (audio.patch, audio.buckets) == (6, 7)
    assert (video.patch, video.buckets, video.channels) == ((2, 4, 5), (3, 4, 5), 3)
    assert (text.words, text.word_width, text.distance_buckets) == (20, 6, 8)
    for sizes in (audio.transformer, video.transformer, text.transformer, unified.config.transformer):
        assert (sizes.layers, sizes.width, sizes.heads, sizes.head_width, sizes.ffn) == (2, 16, 2, 8, 24)
    assert specific.config.head == unified.config.head == HeadConfig(kind="fac", fine=9, coarse=4)
    assert (unified.config.text_buckets, unified.config.out_width) == (5, 10)


@pytest.mark.parametrize(
    ("key", "name", "shape", "axes"),
    [
        ("audio.wave_to_patch.weight", f"{BASE}/aud_backbone/_base/wave_to_patch/kernel", (6, 1, 16), (2, 1, 0)),
        ("audio.agg_embedding", f"{BASE}/aud_backbone/_base/agg_embedding", (16,), (0,)),
        ("audio.tx.layers.1.mha.q.weight", f"{BASE}/aud_backbone/_base/tx/layers/1/mha/q/kernel", (16, 16), (1, 0)),
        ("audio.tx.final_layer_norm.bias", f"{BASE}/aud_backbone/_base/tx/final_layer_norm/beta", (16,), (0,)),
        (
            "video.voxel_to_patch.weight",
            f"{BASE}/vid_backbone/_base/voxel_to_patch/kernel",
            (2, 4, 5, 3, 16),
            (4, 3, 0, 1, 2),
        ),
        (
            "video.pos_embedding_lookup.vertical_position_embeddings.weight",
            f"{BASE}/vid_backbone/_base/pos_embedding_lookup/vertical_position_embeddings/embeddings",
            (4, 16),
            (0, 1),
        ),
        (
            "text.base_lm.layers.0.self_attention.attention.relative_attention_bias.weight",
            f"{BASE}/txt_backbone/base_lm/layers/0/self_attention/attention/relative_attention_bias/embeddings",
            (8, 2),
            (0, 1),
        ),
        (
            "text.base_lm.layers.1.feed_forward.mlp.wi.weight",
            f"{BASE}/txt_backbone/base_lm/layers/1/feed_forward/mlp/wi/kernel",
            (16, 24),
            (1, 0),
        ),
        ("head.hid_to_va.pre_bn.running_var", f"{HEAD}/hid_to_va/pre_bn/moving_variance", (9,), (0,)),
        ("head.txt_to_vat.weight", f"{HEAD}/txt_to_vat/kernel", (16, 4), (1, 0)),
    ],
)
def test_each_kind_of_variable(
    specific: Vatt, key: str, name: str, shape: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    assert torch.equal(specific.state_dict()[key], drawn(name, shape).permute(axes))


def test_the_unified_model(unified: UnifiedVatt) -> None:
    below = f"{BASE}/unified_backbone/unified_transformer"
    state = unified.state_dict()
    assert torch.equal(state["encoder.txt_agg_embedding"], drawn(f"{below}/txt_agg_embedding", (16,)))
    assert torch.equal(state["encoder.pre_proj.text.weight"], drawn(f"{below}/pre_proj/text/kernel", (6, 16)).T)
    assert torch.equal(
        state["encoder.raw_to_embeddings.text.weight"], drawn(f"{below}/raw_to_embeddings/text/embeddings", (20, 6))
    )


def test_loaded_models_run_and_keep_their_word_table(specific: Vatt, unified: UnifiedVatt) -> None:
    words = torch.tensor([[1, 2, 0], [3, 19, 4]])
    for model in (specific, unified):
        assert not model.training
        embeddings = model(noise(2, 6, 16, 25, 3), noise(2, 42), words)
        assert embeddings.audio_to_video.isfinite().all()
        assert len([p for p in model.parameters() if not p.requires_grad]) == 1


def test_a_joint_head() -> None:
    model = Vatt.from_checkpoint  # the class method takes published models, whose attention is 64 wide
    with pytest.raises(CheckpointError, match="not a multiple of 64"):
        model(ORACLES / "specific_joint")
    assert load_vatt(ORACLES / "specific_joint", head_width=8).config.head == HeadConfig(kind="joint", fine=9)


def test_one_encoder_of_a_pre_training_and_of_a_fine_tuning(specific: Vatt) -> None:
    same(load_waveform_encoder(ORACLES / "specific", head_width=8), specific.audio)
    same(load_video_encoder(ORACLES / "specific", head_width=8), specific.video)
    audio = load_waveform_encoder(ORACLES / "finetuned_audio", head_width=8)
    name = "model/layer_with_weights-0/_base/wave_to_patch/bias"
    assert torch.equal(audio.wave_to_patch.bias, drawn(name, (16,)))
    assert load_video_encoder(ORACLES / "finetuned_video", head_width=8).config == specific.config.video


def same(one: nn.Module, other: nn.Module) -> None:
    assert one.state_dict().keys() == other.state_dict().keys()
    for key, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[key])


@pytest.mark.parametrize(
    ("load", "name", "problem"),
    [
        (load_vatt, "unified", "has no aud_backbone"),
        (load_unified, "specific", "has no unified_backbone"),
        (load_vatt, "finetuned_audio", "has no aud_backbone"),
        (load_waveform_encoder, "finetuned_video", "has no wave_to_patch"),
        (load_video_encoder, "unified", "has no voxel_to_patch"),
        (load_vatt, "missing", "is not a checkpoint"),
    ],
)
def test_other_models_are_refused(load, name: str, problem: str) -> None:
    with pytest.raises(CheckpointError, match=problem) as caught:
        load(ORACLES / name, head_width=8)
    assert "\n" not in str(caught.value)


FREE = ("embeddings", "_to_patch/kernel", "raw_to_embeddings/audio/kernel", "raw_to_embeddings/video/kernel")
FORMS: list[tuple[str, object, int]] = [("specific", load_vatt, 124), ("unified", load_unified, 84)]


@pytest.mark.parametrize(("name", "load", "count"), FORMS)
def test_every_variable_is_needed_with_its_shape_and_numbers(name: str, load, count: int, monkeypatch) -> None:
    """Every third variable in turn has a row more, holds NaN, comes under another name, or is missing.

    A table of words or positions, or a patch, may well have a row more: nothing else tells its size.
    """
    whole = {key: value for key, value in everything(ORACLES / name).items() if key.endswith(VALUE)}
    used = [key for key in whole if key.startswith("model/") and "OPTIMIZER_SLOT" not in key]
    assert len(used) == count
    for index, key in enumerate(used[::3]):
        value = whole[key]
        spoilt = value.copy()
        spoilt.reshape(-1)[-1] = np.nan
        changes = [
            {key: np.concatenate([value, value[:1]])},
            {key: spoilt},
            {f"{key[: -len(VALUE)]}_{VALUE}": value},
            {},
        ]
        if key.removesuffix(VALUE).endswith(FREE):
            del changes[0]
        kept = {other: array for other, array in whole.items() if other != key} | changes[index % len(changes)]
        monkeypatch.setattr("sdk.models.vatt.checkpoint.TensorBundle", lambda path, kept=kept: Table(path, kept))
        with pytest.raises(CheckpointError):
            load(ORACLES / name, head_width=8)
    monkeypatch.setattr("sdk.models.vatt.checkpoint.TensorBundle", lambda path: Table(path, whole))
    model: Encoders = load(ORACLES / name, head_width=8)
    assert len(model.state_dict()) == count


class Table:
    """Variables in memory as `TensorBundle` gives them."""

    def __init__(self, path: Path, arrays: dict[str, np.ndarray]) -> None:
        self.prefix, self.arrays = path, arrays

    def __iter__(self):
        return iter(self.arrays)

    def read(self, name: str) -> np.ndarray:
        return self.arrays[name]


def everything(path: Path) -> dict[str, np.ndarray]:
    bundle = TensorBundle(path)
    return {name: bundle.read(name) for name in bundle if name != "_CHECKPOINTABLE_OBJECT_GRAPH"}
