"""Reading published checkpoints: what is accepted, and one typed line for everything else."""

from __future__ import annotations

import contextlib
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sdk.errors import CheckpointError, UsageError
from sdk.models.faceformer import FaceFormer, FaceFormerConfig
from sdk.models.faceformer.checkpoint import POSITIONAL_CONV, WEIGHT_NORM, fold_weight_norm, save_checkpoint
from sdk.models.faceformer.infer import default_encoder_heads
from tests.models.tiny_faceformer import example, tiny_config, tiny_faceformer

CONFIG = tiny_config("vocaset", layers=2)
G, V = (POSITIONAL_CONV + name for name in WEIGHT_NORM["old"])
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "published.pth"
    save_checkpoint(tiny_faceformer(CONFIG), path)
    return path


@pytest.fixture
def state(published: Path) -> State:
    read: State = torch.load(published, weights_only=True)
    return read


def load(state: object, folder: Path, **options: object) -> FaceFormer:
    path = folder / "model.pth"
    torch.save(state, path)
    return FaceFormer.from_checkpoint(path, **options)  # type: ignore[arg-type]


def refuse(path: Path, *parts: str) -> None:
    """`path` is refused in one line that names it and holds each of `parts`."""
    with pytest.raises(CheckpointError) as caught:
        FaceFormer.from_checkpoint(path)
    line = str(caught.value)
    assert "\n" not in line
    for part in (str(path), *parts):
        assert part in line


def refuse_state(state: object, folder: Path, *parts: str) -> None:
    path = folder / "model.pth"
    torch.save(state, path)
    refuse(path, *parts)


@pytest.mark.parametrize("naming", ["old", "new"])
def test_what_is_saved_is_read(naming: str, tmp_path: Path) -> None:
    model = tiny_faceformer(CONFIG)
    with torch.no_grad():
        model.audio_encoder.encoder.pos_conv_embed.conv.weight[..., 5] = 0.0  # a tap without a direction
    save_checkpoint(model, tmp_path / "model.pth", naming=naming)
    saved = torch.load(tmp_path / "model.pth", weights_only=True)
    assert {POSITIONAL_CONV + name for name in WEIGHT_NORM[naming]} <= saved.keys()
    again = FaceFormer.from_checkpoint(tmp_path / "model.pth")
    assert again.config == CONFIG
    assert not again.training
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], tensor, atol=1e-6, rtol=0)
    assert [p.requires_grad for p in again.parameters()] == [p.requires_grad for p in model.parameters()]


@pytest.mark.parametrize("config", [CONFIG, tiny_config("biwi", feature_dim=32, subjects=6, hidden=64, channels=10)])
def test_sizes_are_read_off_the_tensors(config: FaceFormerConfig, tmp_path: Path) -> None:
    save_checkpoint(tiny_faceformer(config), tmp_path / "model.pth")
    assert FaceFormer.from_checkpoint(tmp_path / "model.pth").config == config


def test_weight_norm_is_pytorch_s() -> None:
    """Oracle: `torch.nn.utils.parametrizations.weight_norm` over the tap axis."""
    conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(6, 8, 5, groups=2), dim=2)
    magnitude, direction = (conv.get_parameter(name) for name in WEIGHT_NORM["new"])
    with torch.no_grad():
        magnitude.copy_(torch.randn_like(magnitude))
    torch.testing.assert_close(fold_weight_norm(magnitude, direction), conv.weight)


def test_variants_of_the_file_that_mean_the_same(published: Path, state: State, tmp_path: Path) -> None:
    arguments = example(CONFIG, 8_000)
    expected = FaceFormer.from_checkpoint(published).animate(*arguments)
    renamed = {
        key.replace(*pair): value for pair in [("weight_g", WEIGHT_NORM["new"][0])] for key, value in state.items()
    }
    renamed = {key.replace("conv.weight_v", f"conv.{WEIGHT_NORM['new'][1]}"): v for key, v in renamed.items()}
    variants: list[object] = [
        renamed,
        OrderedDict((f"module.{key}", value) for key, value in state.items()),
        dict(reversed(state.items())),
        {key: value.double() for key, value in state.items()},
        {key: nn.Parameter(value) for key, value in state.items()},
        {key: value.mT.contiguous().mT if value.ndim > 1 else value for key, value in state.items()},
    ]
    for variant in variants:
        assert torch.equal(load(variant, tmp_path).animate(*arguments), expected)
    torch.save(state, tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
    assert torch.equal(FaceFormer.from_checkpoint(tmp_path / "legacy.pth").animate(*arguments), expected)
    halved = load({key: value.half() for key, value in state.items()}, tmp_path).animate(*arguments)
    torch.testing.assert_close(halved, expected, atol=0.05, rtol=0)


def test_every_key_is_needed(state: State, tmp_path: Path) -> None:
    for key in state:
        rest = {other: value for other, value in state.items() if other != key}
        refuse_state(rest, tmp_path, f"lacks {key}")


def test_every_shape_is_checked(state: State, tmp_path: Path) -> None:
    """One row too many on the first axis of each tensor in turn is found and named."""
    for key, value in state.items():
        grown = torch.cat([value, value[:1]])
        refuse_state({**state, key: grown}, tmp_path, key)


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("vertice_map.weight", (16, 15)),
        ("vertice_map_r.weight", (9, 16)),
        ("audio_feature_map.weight", (16, 33)),
        ("obj_vector.weight", (16,)),
        ("PPE.pe", (1, 600, 16)),
        ("PPE.pe", (630, 16)),
        ("PPE.pe", (1, 630, 8)),
        ("audio_encoder.feature_extractor.conv_layers.3.conv.weight", (8, 9, 3)),
        ("audio_encoder.feature_extractor.conv_layers.6.conv.weight", (8, 8, 3)),
        ("audio_encoder.encoder.layers.1.feed_forward.output_dense.weight", (32, 40)),
        (V, (32, 3, 128)),
        (V, (32, 0, 128)),
        (G, (1, 1, 1)),
        ("vertice_map.bias", ()),
    ],
)
def test_a_misshaped_tensor_is_named(key: str, shape: tuple[int, ...], state: State, tmp_path: Path) -> None:
    refuse_state({**state, key: torch.ones(shape)}, tmp_path, key)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (dict, "empty dict"),
        (lambda: [torch.zeros(3)], "holds a list"),
        (lambda: torch.zeros(3), "holds a Tensor"),
        (lambda: {"state_dict": {"PPE.pe": torch.zeros(3)}}, "state_dict holds a dict"),
        (lambda: {3: torch.zeros(3)}, "a key that is a int"),
        (lambda: {"PPE.pe": "table"}, "PPE.pe holds a str"),
    ],
    ids=["empty", "list", "tensor", "wrapped", "number as key", "text as value"],
)
def test_not_a_dict_of_tensors(make: Callable[[], object], part: str, tmp_path: Path) -> None:
    refuse_state(make(), tmp_path, part)


def test_values_that_are_no_weights(state: State, tmp_path: Path) -> None:
    key = "vertice_map.bias"
    bad = state[key].clone()
    for value in (torch.nan, torch.inf):
        bad[3] = value
        refuse_state({**state, key: bad}, tmp_path, key, "NaN or infinite")
    refuse_state({**state, key: state[key].long()}, tmp_path, key, "floating-point")
    refuse_state({**state, key: state[key].to_sparse()}, tmp_path, key, "dense")
    refuse_state({**state, key: state[key].to("meta")}, tmp_path, key)
    refuse_state({**state, key: state[key].double() * 1e60}, tmp_path, key, "NaN or infinite")
    no_direction = state[V].clone()
    no_direction[..., 7] = 0.0
    refuse_state({**state, V: no_direction}, tmp_path, V)


def test_unknown_keys(state: State, tmp_path: Path) -> None:
    refuse_state({**state, "lm_head.weight": torch.zeros(2)}, tmp_path, "unknown key lm_head.weight")
    refuse_state({**state, "a": torch.zeros(2), "b": torch.zeros(2)}, tmp_path, "a and 1 more")
    # Both namings at once, one key with the parallel prefix, a hole in the layers.
    refuse_state({**state, POSITIONAL_CONV + WEIGHT_NORM["new"][0]: state[G]}, tmp_path, POSITIONAL_CONV)
    prefixed = {("module." + key if key == "PPE.pe" else key): value for key, value in state.items()}
    refuse_state(prefixed, tmp_path, "PPE.pe")
    hole = {key.replace("encoder.layers.1.", "encoder.layers.9."): value for key, value in state.items()}
    refuse_state(hole, tmp_path, "lacks audio_encoder.encoder.layers.1.", "15 more")


class Hostile:
    """Pickles as a call of `os.mkdir`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
def test_code_in_a_pickle_never_runs(form: str, state: State, tmp_path: Path) -> None:
    path, made = tmp_path / "model.pth", tmp_path / "made by the pickle"
    hostile = {**state, "vertice_map.bias": Hostile(made)}
    if form == "pickle":
        path.write_bytes(pickle.dumps({"vertice_map.bias": Hostile(made)}, protocol=2))
    else:
        torch.save(hostile, path, _use_new_zipfile_serialization=form == "zip")
    refuse(path, "mkdir", "nothing was run")
    path.write_bytes(pickle.dumps({"vertice_map.bias": Hostile(made)}))
    refuse(path, "not a PyTorch checkpoint")
    assert not made.exists()


def test_files_that_are_no_checkpoints(published: Path, tmp_path: Path) -> None:
    refuse(tmp_path / "missing.pth", "is not a file")
    refuse(tmp_path, "is not a file")
    contents = {
        "nothing": b"",
        "text": b"not a checkpoint\n",
        "sound": b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80>\x00\x00",
        "zeros": bytes(1000),
        "pickle magic": b"\x80\x02",
        "other zip": b"",
        "safetensors": b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        if name == "other zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("readme.txt", "nothing here")
        refuse(path)
    whole = published.read_bytes()
    for size in (10, 1_000, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.pth").write_bytes(whole[:size])
        refuse(tmp_path / "cut.pth", "damaged")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_gives_a_model_or_the_typed_error(data: st.DataObject, published: Path, tmp_path: Path) -> None:
    """Flipped bytes in the pickle, the archive's directory or the weights; never another exception."""
    small = tmp_path / "small.pth"
    if not small.exists():
        torch.save({"PPE.pe": torch.zeros(1, 630, 2), "vertice_map.bias": torch.ones(2)}, small)
    damaged = bytearray(data.draw(st.sampled_from([published, small])).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.one_of(st.integers(0, 3_000), st.integers(len(damaged) - 3_000, len(damaged) - 1)))
        damaged[place % len(damaged)] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.pth"
    path.write_bytes(damaged)
    with contextlib.suppress(CheckpointError):
        model = FaceFormer.from_checkpoint(path)
        assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())


def test_overrides(published: Path, state: State, tmp_path: Path) -> None:
    assert FaceFormer.from_checkpoint(published, dataset="biwi").config.frame_rate == 25
    assert FaceFormer.from_checkpoint(published, encoder_heads=8).config.encoder.heads == 8
    for option in ({"dataset": "BIWI"}, {"encoder_heads": 5}, {"encoder_heads": 0}):
        with pytest.raises(UsageError, match=next(iter(option))):
            FaceFormer.from_checkpoint(published, **option)
    other_period = FaceFormer(tiny_config("vocaset", layers=2, period=24)).PPE.pe
    changed = {**state, "PPE.pe": other_period}
    refuse_state(changed, tmp_path, "period of 24", "dataset=")
    assert load(changed, tmp_path, dataset="vocaset").config.period == 24


def test_default_encoder_heads() -> None:
    assert [default_encoder_heads(width) for width in (32, 64, 128, 768, 1024)] == [2, 2, 2, 12, 16]
    with pytest.raises(CheckpointError, match="encoder_heads="):
        default_encoder_heads(200)
