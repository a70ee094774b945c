"""The sync meter in training: what is compared, what is not, and that the meter of a whole clip is that of a stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sdk.errors import CheckpointError, UsageError
from sdk.models.stage_weights import stage_weights
from sdk.models.vatt.filterbank import gabor_filters
from sdk.models.vatt.streaming.checkpoint import load_streaming
from sdk.models.vatt.streaming.sync_meter import SyncMeterStage
from sdk.models.vatt.training import SyncTask
from sdk.rigs.arkit import ARKIT_52
from sdk.training.task import AnimatingTask, Batch, MeteringTask

SIZES = {"layers": 1, "width": 16, "heads": 2, "ffn": 32, "window": 8}
TABLE = {"audio": SIZES, "motion": SIZES, "space": 8}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(clips: int = 3, meetings: int = 15) -> Batch:
    noise = seeded()
    hops, frames = 5 * meetings, 3 * meetings
    return Batch(
        features=torch.randn(clips, hops, 320, generator=noise),
        targets=torch.rand(clips, frames, 52, generator=noise),
        closures=torch.zeros(clips, frames),
        silence=torch.zeros(clips, frames),
        valid=torch.ones(clips, frames),
        phones=torch.zeros(clips, frames, dtype=torch.int64),
    )


def task(**table: object) -> SyncTask:
    torch.manual_seed(0)
    return SyncTask({**TABLE, **table})


def test_it_is_a_task_that_meters_and_moves_no_face() -> None:
    made = task()
    assert isinstance(made, MeteringTask)
    assert not isinstance(made, AnimatingTask)


def test_it_learns_a_batch_by_heart() -> None:
    """Random guesses cost ``ln(2 n)`` nats; the least loss of a joint denominator is ln 2."""
    made, data = task(gain=1.0, tremble=0.0, lost=0.0, stride=6), batch()
    optimiser = torch.optim.Adam(made.module.parameters(), 3e-3)
    losses = []
    for _ in range(150):
        loss = made.losses(data, 0.0, seeded())["nce"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    moments = 3 * len(range(15, 45, 6))
    assert losses[0] > 0.6 * np.log(2 * moments)
    assert losses[-1] < 0.9


def test_silent_and_missing_frames_count_for_nothing() -> None:
    made, data = task(), batch()
    masked = replace(data, silence=data.silence.clone(), valid=data.valid.clone())
    masked.silence[0, 20:] = 1
    masked.valid[1, 20:] = 0
    other = replace(masked, features=masked.features.clone(), targets=masked.targets.clone())
    other.features[0, -3:] += 1
    other.targets[1, -6:] += 1
    with torch.no_grad():
        first, second = (float(made.losses(some, 0.0, seeded())["nce"]) for some in (masked, other))
        whole = float(made.losses(data, 0.0, seeded())["nce"])
    assert first == pytest.approx(second, abs=1e-6)
    assert first != pytest.approx(whole, abs=1e-3)
    with torch.no_grad():
        assert float(made.losses(replace(data, silence=data.valid), 0.0, seeded())["nce"]) == 0


def test_brows_and_lids_are_not_seen() -> None:
    made, motion = task(), torch.rand(1, 20, 52, generator=seeded())
    blinking, speaking = motion.clone(), motion.clone()
    blinking[..., ARKIT_52.index("eyeBlinkLeft")] = 1
    speaking[..., ARKIT_52.index("jawOpen")] = 1
    with torch.no_grad():
        seen = made.motion.encode(motion)
        assert torch.equal(made.motion.encode(blinking), seen)
        assert not torch.allclose(made.motion.encode(speaking), seen, atol=1e-3)


@pytest.mark.parametrize("frames", [4, 16, 17, 80])
def test_the_meter_of_a_whole_clip_is_that_of_the_stream(frames: int) -> None:
    meter = SyncMeterStage(task().config.sync, 8)
    audio, motion = (F.normalize(torch.randn(frames, 8, generator=seeded(seed))) for seed in (1, 2))
    state = meter.init_state()
    for frame in range(frames):
        inputs = {
            "audio_embedding": audio[frame : frame + 1],
            "motion_embedding": motion[frame : frame + 1],
            "motion_seen": torch.ones(1, 1),
        }
        outputs, state = meter.step(inputs, state)
    torch.testing.assert_close(meter.whole(audio, motion), outputs["scores"][0], atol=1e-6, rtol=1e-5)


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    made = task()
    made.save(tmp_path)
    config, stages = load_streaming(tmp_path)
    assert config == made.config
    for key, value in stage_weights(stages).items():
        name, _, parameter = key.partition(".")
        torch.testing.assert_close(value, made.module.state_dict()[f"{name}.{parameter}"].half().float())
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_streaming(tmp_path)


@pytest.mark.parametrize("table", [{"audio": {**SIZES, "heads": 3}}, {"stride": 0}, {"colour": 1}], ids=str)
def test_impossible_tables_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="model"):
        SyncTask({**TABLE, **table})


def test_each_filter_hears_its_pitch() -> None:
    filters = gabor_filters(64, 320)
    torch.testing.assert_close(filters.square().sum(1), torch.ones(64))
    spectrum = torch.fft.rfft(filters, 4096).abs()
    peaks = spectrum.argmax(1) * 16_000 / 4096
    assert (peaks[::2].diff() > 0).all()
    assert (peaks[::2] - peaks[1::2]).abs().max() < 30
    assert peaks[-1] == pytest.approx(7_200, abs=10)
