"""What a user may hand to the exact FaceFormer, and the one line for what they may not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from sdk.errors import AudioError, UsageError
from sdk.models.faceformer import FaceFormer, FaceFormerConfig
from sdk.models.faceformer.config import Dataset
from tests.models.tiny_faceformer import example, tiny_config, tiny_faceformer


@pytest.fixture(scope="module")
def model() -> FaceFormer:
    return tiny_faceformer(tiny_config("vocaset"))


@pytest.mark.parametrize(
    ("audio", "part"),
    [
        (torch.zeros(1, 0), "0 samples"),
        (torch.zeros(1, 399), "399 samples"),
        (torch.zeros(1, 719), "give 720 or more"),
        (torch.zeros(16_000), r"shape \(16000,\)"),
        (torch.zeros(2, 16_000), r"shape \(2, 16000\)"),
        (torch.zeros(1, 16_000, dtype=torch.int16), "torch.int16"),
        (torch.zeros(1, 16_000, dtype=torch.float64), "torch.float64"),
        (np.zeros((1, 16_000), np.float32), "a ndarray"),
        (torch.full((1, 16_000), torch.nan), "NaN"),
        (torch.cat([torch.zeros(1, 999), torch.tensor([[torch.inf]])], 1), "infinite"),
    ],
)
def test_bad_audio(model: FaceFormer, audio: Tensor, part: str) -> None:
    _, template, style = example(model.config, 16_000)
    with pytest.raises(AudioError, match=f"^audio: .*{part}"):
        model.animate(audio, template, style)
    with pytest.raises(AudioError, match=r"^audio: "):
        model(audio[..., :399], template, template[:, None], style)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("template", torch.zeros(12), "shape"),
        ("template", torch.zeros(1, 4, 3), "shape"),
        ("template", torch.zeros(1, 15), r"give a float32 tensor \(1, 12\)"),
        ("template", torch.zeros(1, 12, dtype=torch.float64), "float64"),
        ("template", torch.full((1, 12), torch.nan), "NaN"),
        ("style", torch.zeros(1, 8), r"\(1, 3\)"),
        ("style", torch.zeros(3), "shape"),
        ("style", 1, "a int"),
        ("style", torch.tensor([[1, 0, 0]]), "int64"),
        ("vertices", torch.zeros(1, 12), "shape"),
        ("vertices", torch.zeros(1, 0, 12), "shape"),
        ("vertices", torch.zeros(1, 4, 9), "shape"),
        ("vertices", None, "a NoneType"),
    ],
)
def test_bad_arguments(model: FaceFormer, name: str, value: Tensor, part: str) -> None:
    audio, template, style = example(model.config, 16_000)
    arguments = {"audio": audio, "template": template, "style": style, name: value}
    with pytest.raises(UsageError, match=f"^{name}: .*{part}"):
        model(**{"vertices": template[:, None], **arguments})
    if name != "vertices":
        with pytest.raises(UsageError, match=f"^{name}: "):
            model.animate(**arguments)


@pytest.mark.parametrize(("dataset", "samples", "frames"), [("vocaset", 720, 1), ("biwi", 720, 1), ("biwi", 1_359, 1)])
def test_the_shortest_audio(dataset: Dataset, samples: int, frames: int) -> None:
    config = tiny_config(dataset)
    model = tiny_faceformer(config)
    assert model.animate(*example(config, samples)).shape == (1, frames, config.vertice_dim)


def test_training_stretches_a_single_feature_for_vocaset_only() -> None:
    for dataset, enough in (("vocaset", 400), ("biwi", 720)):
        config = tiny_config(dataset)  # type: ignore[arg-type]
        model = tiny_faceformer(config)
        for samples in (enough - 1, enough):
            audio, template, style = example(config, samples)
            arguments = (audio, template, template[:, None].repeat(1, 5, 1), style)
            if samples < enough:
                with pytest.raises(AudioError, match=f"give {enough} or more"):
                    model(*arguments)
            else:
                assert torch.isfinite(model(*arguments).loss)


def test_silence_and_loud_audio_give_finite_faces(model: FaceFormer) -> None:
    _, template, style = example(model.config, 16_000)
    for audio in (torch.zeros(1, 8_000), torch.full((1, 8_000), 0.5), 1e4 * torch.randn(1, 8_000)):
        assert torch.isfinite(model.animate(audio, template, style)).all()


def test_arguments_are_not_written_to(model: FaceFormer) -> None:
    arguments = example(model.config, 8_000)
    before = [a.clone() for a in arguments]
    first, second = model.animate(*arguments), model.animate(*arguments)
    assert torch.equal(first, second)
    assert all(torch.equal(a, b) for a, b in zip(arguments, before, strict=True))


def test_training_mode_cannot_animate() -> None:
    config = tiny_config()
    with pytest.raises(UsageError, match="training mode"):
        FaceFormer(config).animate(*example(config, 8_000))


def test_impossible_configurations() -> None:
    for change in ({"feature_dim": 18}, {"feature_dim": 5, "heads": 1}, {"dataset": "BIWI"}, {"fps": 30}):
        with pytest.raises(ValueError, match="FaceFormerConfig"):
            FaceFormerConfig.model_validate(change)


def test_only_the_two_names_are_public() -> None:
    import sdk.models.faceformer as package

    assert package.__all__ == ["FaceFormer", "FaceFormerConfig"]
