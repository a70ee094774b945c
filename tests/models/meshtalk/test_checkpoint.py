"""Reading MeshTalk's three published files: what is accepted, and one typed line for everything else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.meshtalk import MeshTalk, MeshTalkConfig
from sdk.models.meshtalk.checkpoint import FILTERS, PARTS, WINDOW, published_states, save_checkpoint
from tests.models.meshtalk.small import oracle, oracle_model, small_meshtalk

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "made by saving"
    save_checkpoint(small_meshtalk(), folder)
    return folder


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(published, tmp_path / "checkpoint")


def read(folder: Path, part: str) -> State:
    state: State = torch.load(folder / f"{part}.pkl", weights_only=True)
    return state


def refuse(folder: Path, *parts: str) -> None:
    """`folder` is refused in one line that holds each of `parts`."""
    with pytest.raises(CheckpointError) as caught:
        MeshTalk.from_checkpoint(folder)
    line = str(caught.value)
    assert "\n" not in line
    for part in (str(folder), *parts):
        assert part in line


def refuse_change(folder: Path, part: str, change: State, *parts: str) -> None:
    """The file of `part` with other tensors under some keys is refused, by its name."""
    path = folder / f"{part}.pkl"
    whole = path.read_bytes()
    torch.save({**read(folder, part), **change}, path)
    refuse(folder, path.name, *parts)
    path.write_bytes(whole)


@pytest.mark.parametrize(("heads", "classes", "vertices"), [(7, 8, 20), (1, 6, 1), (2, 4, 5)])
def test_what_is_saved_is_read(heads: int, classes: int, vertices: int, tmp_path: Path) -> None:
    model = small_meshtalk(heads, classes, vertices)
    save_checkpoint(model, tmp_path)
    again = MeshTalk.from_checkpoint(tmp_path)
    assert again.config == model.config
    assert not again.training
    assert again.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(again.state_dict()[key], value) for key, value in model.state_dict().items())
    assert [p.requires_grad for p in again.parameters()] == [p.requires_grad for p in model.parameters()]


def test_the_oracle_s_model_from_files(tmp_path: Path) -> None:
    """Oracle: the published code's answers, as in test_published.py; dead weights are not zero here."""
    save_checkpoint(oracle_model(), tmp_path)
    state = read(tmp_path, "context_model")
    dead = [key for key in state if "unmasked_linear" in key and "context_layers" not in key]
    torch.save({**state, **{key: torch.randn(state[key].shape) for key in dead}}, tmp_path / "context_model.pkl")
    model = MeshTalk.from_checkpoint(tmp_path)
    assert torch.equal(model.sample(oracle()["audio_code"])[0].int(), oracle()["sampled_argmax_labels"][0])
    assert model.train().encoder.expression_encoder.lstm.weight_hh_l0.requires_grad


def test_keys_of_the_published_files(published: Path) -> None:
    """Oracle: the published files' number of keys, and examples of their shapes, with H = 3, C = 5, V = 4."""
    files = {part: read(published, part) for part in PARTS}
    assert {part: len(state) for part, state in files.items()} == {
        "encoder": 36,
        "context_model": 38,
        "vertex_unet": 25,
    }
    for part, key, shape in [
        ("encoder", "audio_encoder.melspec.spectrogram.window", (800,)),
        ("encoder", "audio_encoder.melspec.mel_scale.fb", (1025, 80)),
        ("encoder", "fusion_model.mlp.4.weight", (15, 256)),
        ("context_model", "embedding.mask", (192, 15, 1)),
        ("context_model", "context_layers.3.historic.weight", (192, 192, 2)),
        ("context_model", "logits.unmasked_linear.weight", (15, 128, 1)),
        ("vertex_unet", "vertex_bias", (12,)),
        ("vertex_unet", "fusion.weight", (128, 143)),
        ("vertex_unet", "decoder.2.weight", (12, 512)),
    ]:
        assert tuple(files[part][key].shape) == shape


def test_published_size() -> None:
    """Oracle: the numbers of parameters of the published files."""
    with torch.device("meta"):
        model = MeshTalk(MeshTalkConfig())
    counts = {part: sum(p.numel() for p in model.get_submodule(part).parameters()) for part in PARTS}
    dead = (1024 + 2048) * (128 + 1)
    assert counts["context_model"] + dead == 17_713_152
    assert counts["vertex_unet"] == 19_869_608
    assert counts["encoder"] == 6_139_904


def test_variants_of_the_files_that_mean_the_same(folder: Path) -> None:
    template, labels = torch.zeros(1, 4, 3), torch.tensor([[[0, 1, 2], [4, 3, 2]]])
    expected = MeshTalk.from_checkpoint(folder).decode(template, labels)
    state = read(folder, "vertex_unet")
    for variant in (
        {f"module.{key}": value for key, value in state.items()},
        dict(reversed(state.items())),
        {key: value.double() for key, value in state.items()},
        {key: torch.nn.Parameter(value) for key, value in state.items()},
    ):
        torch.save(variant, folder / "vertex_unet.pkl")
        assert torch.equal(MeshTalk.from_checkpoint(folder).decode(template, labels), expected)
    torch.save(state, folder / "vertex_unet.pkl", _use_new_zipfile_serialization=False)
    assert torch.equal(MeshTalk.from_checkpoint(folder).decode(template, labels), expected)


@pytest.mark.parametrize("part", PARTS)
def test_every_key_is_needed(part: str, folder: Path) -> None:
    state = read(folder, part)
    for key in state:
        torch.save({other: value for other, value in state.items() if other != key}, folder / f"{part}.pkl")
        refuse(folder, f"{part}.pkl", f"lacks {key}")


@pytest.mark.parametrize("part", PARTS)
def test_every_shape_and_value_is_checked(part: str, folder: Path) -> None:
    """One row too many on the first axis of each tensor, and one NaN in it, is found."""
    for key, value in read(folder, part).items():
        refuse_change(folder, part, {key: torch.cat([value, value[:1]])}, "shape" if value.numel() else "")
        bad = value.clone()
        bad.view(-1)[-1] = torch.nan
        refuse_change(folder, part, {key: bad}, key, "NaN or infinite")


@pytest.mark.parametrize("part", PARTS)
def test_unknown_keys(part: str, folder: Path) -> None:
    refuse_change(folder, part, {"extra.weight": torch.zeros(2)}, "unknown key extra.weight")


def test_stored_constants_are_checked(folder: Path) -> None:
    mask = read(folder, "context_model")["embedding.mask"]
    refuse_change(folder, "context_model", {"embedding.mask": torch.ones_like(mask)}, "embedding.mask")
    layer = "context_layers.2.mask"
    refuse_change(folder, "context_model", {layer: 1 - read(folder, "context_model")[layer]}, layer)
    refuse_change(folder, "encoder", {WINDOW: torch.hann_window(800, periodic=False)}, WINDOW)
    refuse_change(folder, "encoder", {FILTERS: read(folder, "encoder")[FILTERS] * 1.01}, FILTERS)
    rounded = read(folder, "encoder")[FILTERS] + 5e-6
    torch.save({**read(folder, "encoder"), FILTERS: rounded}, folder / "encoder.pkl")
    MeshTalk.from_checkpoint(folder)


def test_sizes_that_fit_no_model(folder: Path) -> None:
    layers = ["embedding", *(f"context_layers.{index}" for index in range(4))]
    odd = {f"{layer}.masked_linear.bias": torch.zeros(190) for layer in layers}
    refuse_change(folder, "context_model", odd, "190 channels")
    refuse_change(folder, "vertex_unet", {"fusion.weight": torch.zeros(128, 128)}, "0 categories")
    flat = {f"expression_encoder.{key}": torch.zeros(1, 1, 0, 3) for key in ("mean", "stddev")}
    refuse_change(folder, "encoder", flat, "0 vertices")


@pytest.mark.parametrize(
    ("sizes", "part", "problem"),
    [
        ((3, 5, 6), "vertex_unet", "4 vertices, but encoder.pkl has 6"),
        ((4, 5, 4), "encoder", "20 categories, but context_model.pkl has 3 x 5"),
    ],
)
def test_files_of_two_models(sizes: tuple[int, int, int], part: str, problem: str, folder: Path) -> None:
    torch.save(published_states(small_meshtalk(*sizes))["encoder"], folder / "encoder.pkl")
    refuse(folder, f"{part}.pkl", problem)


class Hostile:
    """Pickles as a call of `os.mkdir`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("part", PARTS)
def test_files_that_are_unsafe_or_damaged(part: str, folder: Path, tmp_path: Path) -> None:
    path, made = folder / f"{part}.pkl", tmp_path / "made by the pickle"
    whole = path.read_bytes()
    torch.save({**read(folder, part), "extra": Hostile(made)}, path)
    refuse(folder, path.name, "mkdir", "nothing was run")
    assert not made.exists()
    for content in (b"", b"text\n", whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(content)
        refuse(folder, path.name, "damaged")
    path.unlink()
    refuse(folder, path.name, "is not a file")


def test_folders_that_are_none(published: Path, tmp_path: Path) -> None:
    refuse(tmp_path / "missing", "is not a folder", "context_model.pkl")
    refuse(published / "encoder.pkl", "is not a folder")
