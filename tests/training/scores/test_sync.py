"""Scores of a sync meter against meters whose faults are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdk.errors import UsageError
from sdk.training.cache import PreparedClip
from sdk.training.labels import Labels
from sdk.training.scores.sync import LARGEST_SHIFT, score_sync, shifted, streams, sync_table

REACH = 15
FRAMES = 180


def clip(number: int, frames: int = FRAMES) -> PreparedClip:
    """Its features hold its own motion at the newest frame, so that a perfect meter can be written down."""
    generator = np.random.default_rng(number)
    pace, phase = generator.uniform(0.2, 0.9, (2, 1, 52))
    motion = (0.5 + 0.5 * np.sin(np.arange(frames)[:, None] * pace + 6 * phase)).astype(np.float32)
    marks = np.zeros(frames, np.uint8)
    features = motion[np.minimum(np.arange(frames * 5 // 3) * 3 // 5, frames - 1)]
    return PreparedClip(str(number), (), features, Labels(motion, marks, marks), (), f"voice {number}")


CLIPS = [clip(number) for number in range(24)]


def perfect(features: np.ndarray, motion: np.ndarray, late: float = 0.0) -> np.ndarray:
    """Likeness at each lag of features that come `late` frames later than they should."""
    sound = shifted(features[(np.arange(len(motion)) * 5 + 2) // 3], late)
    scores = []
    for lag in range(-REACH, REACH + 1):
        pairs = [(m, m + lag) for m in range(20, FRAMES - 20)]
        error = np.mean([np.abs(motion[m] - sound[a]).mean() for m, a in pairs])
        scores.append(1 - error)
    return np.array(scores, np.float32)


def test_a_perfect_meter_reads_every_shift_and_tells_every_pair() -> None:
    result = score_sync(perfect, CLIPS)
    assert result.streams == len(CLIPS)
    assert result.offset_error_ms < 6
    assert result.within_frame == 1
    assert abs(result.bias_ms) < 4
    assert result.auc == 1
    assert result.confidence > 2 * result.wrong_confidence


@pytest.mark.parametrize("late", [-2.0, 1.5])
def test_a_meter_that_hears_late_is_biased_by_so_much(late: float) -> None:
    result = score_sync(lambda features, motion: perfect(features, motion, late), CLIPS)
    assert result.bias_ms == pytest.approx(late * 1000 / 30, abs=5)
    assert result.offset_p95_ms > 1000 / 30 * abs(late) - 8


def test_a_meter_that_guesses_is_no_better_than_chance() -> None:
    generator = np.random.default_rng(3)
    clips = [clip(number) for number in range(200)]
    result = score_sync(lambda features, motion: generator.random(2 * REACH + 1), clips)
    assert result.auc == pytest.approx(0.5, abs=0.12)
    assert result.within_frame < 0.25
    # Two even draws, from +-10 and from +-15 frames, are this far apart on average.
    assert result.offset_error_ms == pytest.approx((15**2 + 10**2 / 3) / (2 * 15) * 1000 / 30, rel=0.2)


@pytest.mark.parametrize("frames", [-3.5, -1.0, 0.0, 0.25, 2.0])
def test_shifted_motion_comes_so_much_later(frames: float) -> None:
    motion = clip(1).labels.targets
    moved = shifted(motion, frames)
    inner = np.arange(20, FRAMES - 20)
    pace, phase = np.random.default_rng(1).uniform(0.2, 0.9, (2, 1, 52))
    expected = 0.5 + 0.5 * np.sin((inner[:, None] - frames) * pace + 6 * phase)
    np.testing.assert_allclose(moved[inner], expected, atol=4e-3)
    assert abs(frames) < LARGEST_SHIFT


def test_clips_of_a_voice_are_joined_in_time() -> None:
    """Of 100 frames 99 are whole pieces of a tenth of a second; the hops go with them."""
    short = [replace(clip(number, 100), group="a") for number in range(3)]
    found = list(streams([*short, *(replace(clip(number, 100), group="b") for number in (7, 8))]))
    assert [len(stream.motion) for stream in found] == [198, 198]
    assert [len(stream.features) for stream in found] == [330, 330]
    np.testing.assert_array_equal(found[0].motion[99:], short[1].labels.targets[:99])
    np.testing.assert_array_equal(found[0].features[165:], short[1].features[:165])


def test_what_is_left_of_a_voice_is_left_out_and_one_stream_is_none() -> None:
    calls: list[int] = []
    assert score_sync(perfect, [*CLIPS, clip(99, 90)], lambda: calls.append(1)).streams == len(CLIPS)
    assert len(calls) == len(CLIPS) + 1
    with pytest.raises(UsageError, match="1 streams of six seconds"):
        score_sync(perfect, [CLIPS[0], clip(99, 90)])


def test_the_table_names_its_sets() -> None:
    lines = sync_table({"test": score_sync(perfect, CLIPS[:4])}).splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| test | 4 |")
    assert len({line.count("|") for line in lines}) == 1
