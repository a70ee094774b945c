"""MeshTalk through the registry: the default, a published checkpoint, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sdk.errors import CheckpointError, UsageError
from sdk.models.meshtalk.checkpoint import save_checkpoint
from sdk.models.meshtalk.front_end import log_mel, normalise_level
from sdk.models.meshtalk.streaming.audio_encoder import AudioEncoderStage
from sdk.models.meshtalk.streaming.published import column_offset
from sdk.models.registry import BuildOptions, StagedModel, find_model
from sdk.rigs.arkit import ARKIT_52
from sdk.runtime import EagerExecutor, Session
from tests.models.meshtalk.small import small_meshtalk
from tests.models.meshtalk.streams import speechlike

NAMES = ["meshtalk", "meshtalk_tracking"]
SPEECH = speechlike(32_000)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("meshtalk")
    save_checkpoint(small_meshtalk(7, 6, 9), folder)
    return folder


def values(staged: StagedModel) -> np.ndarray:
    with Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters) as session:
        session.push(SPEECH[:16_000])
        return np.stack([frame.values for frame in session.poll()])


@pytest.mark.parametrize("name", NAMES)
def test_the_default_moves_arkits_channels_within_their_range(name: str) -> None:
    staged = find_model(name).build(BuildOptions())
    assert staged.channels == ARKIT_52
    moved = values(staged)
    assert moved.shape == (30, 52)
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert moved.std(0).max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_a_published_checkpoint_streams(name: str, checkpoint: Path) -> None:
    staged = find_model(name).build(BuildOptions(checkpoint=checkpoint, calibration=SPEECH))
    assert (staged.unit, staged.channels) == ("mm", ())
    assert values(staged).shape == (30, 9, 3)
    assert any("lookahead" in note for note in staged.card.notes)


@pytest.mark.parametrize("name", NAMES)
def test_configuration_and_weights_rebuild_the_stages(name: str, checkpoint: Path) -> None:
    entry = find_model(name)
    staged = entry.build(BuildOptions(checkpoint=checkpoint, calibration=SPEECH))
    again = entry.from_reference(staged.config, staged.weights)
    for stage, rebuilt in zip(staged.stages, again, strict=True):
        assert stage.spec == rebuilt.spec
        for one, other in zip(stage(*stage.example()), rebuilt(*rebuilt.example()), strict=True):
            assert torch.equal(one, other)


def test_the_streams_columns_are_the_published_ones_where_both_see_the_same_sound(checkpoint: Path) -> None:
    """Oracle: the published front end, `log_mel`, on the columns whose window lies inside its second."""
    staged = find_model("meshtalk").build(BuildOptions(checkpoint=checkpoint, calibration=SPEECH))
    encoder = staged.stages[0]
    assert isinstance(encoder, AudioEncoderStage)
    levelled = encoder.level(torch.from_numpy(SPEECH)[None])
    stream = encoder.mel(levelled)[0] + column_offset(SPEECH)
    # The second begins 80 samples off the stream's grid, so that windows of 800 samples around its columns end on it.
    chunk = slice(8080, 24_080)
    gain = float(normalise_level(levelled)[0, 1000] / levelled[0, 1000])
    published = log_mel(gain * levelled[:, chunk])[0].mT
    inside = torch.arange(8, 92)
    newest = (chunk.start + 400) // 160 + inside - 1
    torch.testing.assert_close(stream[newest], published[inside], rtol=0, atol=1e-3)


def test_a_template_must_fit(checkpoint: Path) -> None:
    wrong = np.zeros((4, 3), np.float32)
    with pytest.raises(UsageError, match="template"):
        find_model("meshtalk").build(BuildOptions(template=wrong))
    with pytest.raises(UsageError, match="template"):
        find_model("meshtalk").build(BuildOptions(checkpoint=checkpoint, calibration=SPEECH, template=wrong))


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"encoder\.pkl"):
        find_model("meshtalk").build(BuildOptions(checkpoint=tmp_path, calibration=SPEECH))
