"""The sync meter against known shifts and a plain loop, and the motion stage that feeds it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.nn import functional as F

from sdk.models.vatt.config import HeadConfig
from sdk.models.vatt.heads import FacHead
from sdk.models.vatt.streaming.config import CausalConfig, StreamingConfig, SyncConfig
from sdk.models.vatt.streaming.motion_stage import MotionEncoderStage, motion_head_weights
from sdk.models.vatt.streaming.pipeline import build_pipeline, build_stages, motion_example, value_names
from sdk.models.vatt.streaming.sync_meter import SyncMeterStage
from sdk.runtime import EagerExecutor, Session
from sdk.runtime.sync import read_scores
from sdk.spec import FrameRate
from tests.models.vatt.small import TINY, noise, shaken

REACH, SPACE = 6, 24
CAUSAL = CausalConfig(transformer=TINY, patch=1, window=5)
SYNC = SyncConfig(motion=CAUSAL, numbers=7, reach=REACH, memory_frames=30)
RATE = FrameRate(num=30)
FRAME_MS = 1000 / 30


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


def signal(times: Tensor, seed: int = 0) -> Tensor:
    """Unit vectors (T, E) that move smoothly: sums of slow waves, `times` in frames."""
    generator = torch.Generator().manual_seed(seed)
    pace = 0.7 * torch.rand(1, SPACE, 5, generator=generator)
    phase = 6.3 * torch.rand(1, SPACE, 5, generator=generator)
    return F.normalize(torch.sin(times[:, None, None] * pace + phase).sum(-1))


def run(audio: Tensor, motion: Tensor, seen: Tensor | None = None) -> Tensor:
    """Scores after each frame, (T, 2 K + 1)."""
    meter = SyncMeterStage(SYNC, SPACE)
    state, rows = meter.init_state(), []
    known = torch.ones(len(audio), 1, 1) if seen is None else seen
    for frame in range(len(audio)):
        heard, moved = audio[frame : frame + 1], motion[frame : frame + 1]
        inputs = {"audio_embedding": heard, "motion_embedding": moved, "motion_seen": known[frame]}
        outputs, state = meter.step(inputs, state)
        rows.append(outputs["scores"])
    return torch.cat(rows)


@pytest.mark.parametrize("shift", [-6, -4.3, -1, -0.5, 0, 0.25, 1.6, 4, 6])
def test_a_known_shift_is_read_to_a_part_of_a_frame(shift: float) -> None:
    """Sound that comes `shift` frames after its motion: within 3 ms, at the ends of the reach within half a frame."""
    times = torch.arange(150.0)
    scores = run(signal(times - shift), signal(times))
    reading = read_scores(scores[-1].numpy(), RATE)
    assert reading.offset_ms == pytest.approx(shift * FRAME_MS, abs=3 if abs(shift) < REACH else FRAME_MS / 2)
    assert reading.confidence > 0.3


def test_a_voice_of_another_has_little_confidence() -> None:
    times = torch.arange(300.0)
    right = read_scores(run(signal(times), signal(times))[-1].numpy(), RATE)
    wrong = read_scores(run(signal(times), signal(times, seed=1))[-1].numpy(), RATE)
    assert wrong.confidence < 0.3 * right.confidence


def test_scores_are_averages_of_cosines() -> None:
    """Oracle: a loop; the first frames, where sound or motion is not there yet, count for nothing."""
    frames = 40
    audio, motion = F.normalize(noise(frames, SPACE)), F.normalize(noise(frames, SPACE, seed=1))
    seen = torch.ones(frames, 1, 1)
    seen[12:19] = 0
    scores = run(audio, motion, seen)[-1]
    for index in range(2 * REACH + 1):
        lag, total, weight = index - REACH, 0.0, 0.0
        for newest in range(frames):
            at = newest - REACH
            if at >= 0 and at + lag >= 0 and seen[at] > 0:
                total += (1 / 30) * (float(motion[at] @ audio[at + lag]) - total)
                weight += (1 / 30) * (1 - weight)
        assert float(scores[index]) == pytest.approx(total / weight, abs=1e-4)


def test_nothing_seen_is_no_score() -> None:
    times = torch.arange(40.0)
    assert run(signal(times), signal(times), torch.zeros(40, 1, 1)).abs().max() == 0


def test_a_flat_or_cut_peak_is_read_as_it_stands() -> None:
    assert read_scores(np.zeros(5, np.float32), RATE).offset_ms == pytest.approx(-2 * FRAME_MS)
    assert read_scores(np.array([0, 0, 0, 0, 1], np.float32), RATE).offset_ms == pytest.approx(2 * FRAME_MS)
    assert read_scores(np.array([0, 1, 1, 0, 0], np.float32), RATE).offset_ms == pytest.approx(-0.5 * FRAME_MS)


def test_motion_streams_as_the_whole_clip() -> None:
    stage = shaken(MotionEncoderStage(SYNC, SPACE))
    motion = noise(1, 18, 7)
    state, rows = stage.init_state(), []
    for frame in motion[0].split(1):
        outputs, state = stage.step({"values": frame}, state)
        rows.append(outputs["embedding"])
    whole = stage.encode(motion)[0]
    torch.testing.assert_close(torch.cat(rows), whole, atol=1e-5, rtol=1e-4)
    changed = motion.clone()
    changed[:, 9:] += 1
    assert torch.equal(stage.encode(changed)[0, :9], whole[:9])
    assert not torch.equal(stage.encode(changed)[0, 9], whole[9])


def test_the_head_is_that_of_video_with_its_norms_folded() -> None:
    """Oracle: the exact head in inference."""
    head = shaken(FacHead(video=32, audio=32, text=32, config=HeadConfig(fine=SPACE, coarse=8)))
    stage = shaken(MotionEncoderStage(SYNC, SPACE))
    stage.load_state_dict({**stage.state_dict(), **motion_head_weights(head)})
    features = noise(5, 32)
    expected = F.normalize(head.project_video(features)[0])
    torch.testing.assert_close(stage._embed(features), expected, atol=1e-5, rtol=1e-4)


def test_a_session_reads_sound_and_motion() -> None:
    config = StreamingConfig(audio=CausalConfig(transformer=TINY, patch=320, window=5), space=SPACE, sync=SYNC)
    stages = [shaken(stage) for stage in build_stages(config)]
    example = motion_example(SYNC)
    with Session(build_pipeline(config, stages), EagerExecutor(stages), {}) as session:
        for index in range(60):
            session.push_signal(
                "motion",
                {name: rows[index] for name, rows in example.tensors.items()},
                sample=int(example.sample[index]),
            )
        session.push((0.1 * noise(32_000)).numpy())
        frames = list(session.poll())
    assert len(frames) == 60
    names = value_names(config)
    assert len(names) == len(set(names)) == frames[-1].values.size == 2 * REACH + 1
    assert (names[0], names[REACH], names[-1]) == ("early_6", "together", "late_6")
    assert np.abs(frames[REACH - 1].values).max() == 0
    assert np.abs(frames[-1].values).max() > 0.01


def test_motion_of_several_frames_a_token_does_not_stream() -> None:
    with pytest.raises(ValidationError, match="its patch is 1"):
        SyncConfig(motion=CAUSAL.model_copy(update={"patch": 2}), numbers=7)
