"""Segments: both clocks stay together, every process gets its share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import UsageError
from sdk.training.batches import SegmentSampler
from sdk.training.cache import PreparedClip
from sdk.training.labels import UNKNOWN, Labels, due_seconds, phone_classes
from sdk.training.phones import PHONE_INDEX, SILENCE, TimedPhone
from sdk.training.task import CHANNELS, CLOCK, HOP


def counting_clip(name: str, hops: int) -> PreparedClip:
    """Features hold their hop, targets their frame, both from 1."""
    frames = hops * 3 // 5
    targets = np.repeat(np.arange(1, frames + 1, dtype=np.float32)[:, None], CHANNELS, 1)
    marks = (np.arange(frames) % 2).astype(np.uint8)
    features = np.arange(1, hops + 1, dtype=np.float32)[:, None]
    return PreparedClip(name, (), features, Labels(targets, marks, 1 - marks), (), "voice")


def sampler(*hops: int, size: int = 6, meetings: int = 10, seed: int = 1) -> SegmentSampler:
    clips = [counting_clip(str(index), count) for index, count in enumerate(hops)]
    return SegmentSampler(clips, size=size, meetings=meetings, seed=seed)


@given(step=st.integers(0, 10_000), hops=st.integers(1, 300))
@settings(deadline=None, max_examples=30)
def test_frames_and_hops_of_a_segment_belong_together(step: int, hops: int) -> None:
    batch = sampler(hops, 203).batch(step)
    assert batch.features.shape == (6, 50, 1)
    assert batch.targets.shape == (6, 30, CHANNELS)
    for features, targets, valid in zip(batch.features, batch.targets, batch.valid, strict=True):
        first = int(features[0, 0]) - 1
        assert first % 5 == 0
        for frame in range(30):
            whole = first * 3 // 5 + frame
            if valid[frame]:
                # Frame `whole` of the clip sees this hop, and it is the same hop that it sees inside the segment.
                newest = CLOCK.due(whole) // HOP - 1
                assert features[CLOCK.newest_hop(frame), 0] == newest + 1
                assert targets[frame, 0] == whole + 1


def test_frames_have_the_phone_that_sounds_when_they_are_due() -> None:
    frames = 90
    phones = (TimedPhone("m", 0.2, 0.31), TimedPhone("aa", 0.31, 1.0), TimedPhone("s", 1.5, 2.0))
    silence = np.zeros(frames, np.uint8)
    silence[: int(0.2 * 30) - 1] = 1
    classes = phone_classes(phones, silence)
    for frame, due in enumerate(due_seconds(frames)):
        names = [phone.name for phone in phones if phone.start <= due < phone.end]
        unknown = SILENCE if silence[frame] else None
        name = names[0] if names else unknown
        assert classes[frame] == (UNKNOWN if name is None else PHONE_INDEX[name])
    clip = replace(counting_clip("one", 150), phones=phones, labels=Labels(np.zeros((90, CHANNELS)), silence, silence))
    batch = SegmentSampler([clip], size=4, meetings=10, seed=1).batch(3)
    for segment, start in zip(batch.phones, [3 * start for _, start in sampler(150, size=4)._draw(3)], strict=True):
        assert segment.tolist() == classes[start : start + 30].tolist()


def test_what_lies_behind_the_end_is_not_valid() -> None:
    batch = sampler(23, size=1).batch(0)
    frames = 23 * 3 // 5
    assert batch.valid[0].tolist() == [1.0] * frames + [0.0] * (30 - frames)
    assert not batch.features[0, 23:].any()


def test_a_clip_shorter_than_a_frame_is_padding() -> None:
    batch = sampler(1, size=1).batch(0)
    assert not batch.valid.any()


def test_shares_of_the_processes_are_the_batch() -> None:
    whole = sampler(200, 300, 400)
    for step in range(5):
        batch = whole.batch(step)
        shares = [whole.batch(step, rank, 3) for rank in range(3)]
        assert torch.equal(torch.stack([s.features for s in shares], 1).flatten(0, 1), batch.features)
        assert torch.equal(torch.stack([s.targets for s in shares], 1).flatten(0, 1), batch.targets)


def test_segments_depend_on_seed_and_step_alone() -> None:
    one, other = sampler(400, 500), sampler(400, 500)
    other.batch(0)
    assert torch.equal(one.batch(7).features, other.batch(7).features)
    assert not torch.equal(one.batch(7).features, one.batch(8).features)
    assert not torch.equal(one.batch(7).features, sampler(400, 500, seed=2).batch(7).features)


def test_each_second_of_speech_is_drawn_as_often() -> None:
    batch = sampler(500, 1500, size=2000, meetings=1)
    drawn = batch._draw(0)
    share = np.mean([clip == 1 for clip, _ in drawn])
    assert share == pytest.approx(0.75, abs=0.03)
    starts = [start for clip, start in drawn if clip == 1]
    assert (min(starts), max(starts)) == (0, 299)


def test_no_clips_are_an_error() -> None:
    with pytest.raises(UsageError, match="no clip"):
        sampler()
