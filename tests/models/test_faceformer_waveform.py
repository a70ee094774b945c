"""FaceFormer on raw samples: VATT's causal encoder in the place of the log-mel one, in training and in a stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sdk.audio.files import load_speech
from sdk.errors import UsageError
from sdk.models.faceformer.entry import ENTRY
from sdk.models.faceformer.rig_decoder import SCALE
from sdk.models.faceformer.training import FaceFormerTask
from sdk.models.registry import BuildOptions
from sdk.models.vatt.streaming.stages import AudioEncoderStage
from sdk.pretrained import SPEECH
from sdk.runtime import EagerExecutor, Session
from tests.models.half_weights import round_to_half
from tests.models.made_up_batch import made_up

ENCODER = {"kind": "waveform", "layers": 2, "width": 24, "heads": 3, "ffn": 48, "window": 10}


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_speech(SPEECH)[16_000 : 16_000 + 320 * 100]


@pytest.fixture
def task() -> FaceFormerTask:
    torch.manual_seed(3)
    made = FaceFormerTask({"encoder": ENCODER, "feature_dim": 32, "window": 12})
    with torch.no_grad():  # livelier than torch's own start
        made.decoder.leave.weight.mul_(3 / SCALE)
        made.decoder.leave.bias.fill_(0.2 / SCALE)
    return made


def test_the_front_end_is_levelled_samples_and_nothing_else(task: FaceFormerTask, speech: np.ndarray) -> None:
    rows = task.front_end(speech)
    assert rows.shape == (100, 320)
    assert task.front_end(speech[:100]).shape == (0, 320)
    assert isinstance(task.encoder, AudioEncoderStage)
    with torch.no_grad():
        whole = task.encoder.whole(torch.from_numpy(speech)[None])
        features = task.encoder.encode(torch.from_numpy(rows)[None])[0]
    assert features.shape == (100, 32)
    torch.testing.assert_close(features, whole, atol=1e-3, rtol=1e-3)


def test_what_was_trained_is_what_a_session_streams(task: FaceFormerTask, speech: np.ndarray, tmp_path: Path) -> None:
    round_to_half(task.module)
    task.save(tmp_path)
    staged = ENTRY.build(BuildOptions(checkpoint=tmp_path))
    assert [stage.name for stage in staged.stages] == ["audio_encoder", "identity", "motion_decoder"]
    with Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters) as session:
        for chunk in np.array_split(speech, 13):
            session.push(chunk)
        streamed = np.stack([frame.values for frame in session.poll()])
    animated = task.animate(task.front_end(speech))
    assert animated.std(0).max() > 1e-3
    np.testing.assert_allclose(streamed, animated, atol=1e-3)


def test_it_learns(task: FaceFormerTask) -> None:
    batch = made_up()
    samples = torch.randn(*batch.features.shape[:2], 320, generator=torch.Generator().manual_seed(1))
    batch = replace(batch, features=samples)
    optimiser = torch.optim.Adam(task.module.parameters(), 1e-3)
    totals = []
    for _ in range(30):
        loss = sum(task.losses(batch, 1.0, torch.Generator().manual_seed(0)).values(), torch.zeros(()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        totals.append(loss.item())
    assert totals[-1] < 0.8 * totals[0]
    still = [name for name, p in task.encoder.named_parameters() if p.grad is None or not p.grad.abs().max()]
    assert [name for name in still if not name.endswith("key.bias")] == []


@pytest.mark.parametrize(
    "encoder",
    [{**ENCODER, "heads": 5}, {**ENCODER, "kind": "other"}, {**ENCODER, "channels": 8}, {**ENCODER, "layers": 0}],
)
def test_sizes_that_fit_nothing_are_refused(encoder: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        FaceFormerTask({"encoder": encoder})
