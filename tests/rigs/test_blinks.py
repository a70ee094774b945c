"""Blinks at run time: as often as people blink, the same for a seed everywhere, and nothing but eyelids."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.blinks import add_blinks, lid_closure

HOUR = np.arange(0, 3600, 0.01)
KNOWN = [0.768, 2.657, 4.562, 7.184, 10.264, 14.664]
LEFT, RIGHT = ARKIT_52.index("eyeBlinkLeft"), ARKIT_52.index("eyeBlinkRight")


def starts(lid: np.ndarray) -> np.ndarray:
    return HOUR[1:][(lid[1:] > 0.5) & (lid[:-1] <= 0.5)]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_an_hour_has_as_many_blinks_as_conversation(seed):
    lid = lid_closure(HOUR, seed)
    blinks = starts(lid)
    assert 24 < len(blinks) / 60 < 28
    gaps = np.diff(blinks)
    assert gaps.min() > 0.5
    assert gaps.std() > 0.5
    assert lid.min() == 0
    assert lid.max() == 1
    assert np.abs(np.diff(lid)).max() < 0.21  # half a cosine in 80 ms, at 10 ms a step


def test_two_seeds_do_not_blink_together():
    first, second = (starts(lid_closure(HOUR, seed)) for seed in (3, 4))
    together = np.mean([np.abs(second - blink).min() < 0.1 for blink in first])
    assert together < 0.25


def test_any_time_gives_the_same_answer_alone():
    lid = lid_closure(HOUR, 9)
    for place in (0, 777, 123_456, len(HOUR) - 1):
        assert lid_closure(HOUR[place], 9) == lid[place]


def test_known_answers():
    """Fixed numbers, so that other languages can be held to the same blinks."""
    times = np.arange(0, 200, 0.001)
    lid = lid_closure(times, 20221)
    begun = times[1:][(lid[1:] > 0) & (lid[:-1] == 0)]
    np.testing.assert_allclose(begun[:6], KNOWN, atol=0.0011)


def test_only_the_eyelids_move_and_they_keep_what_was_closed():
    weights = np.random.default_rng(0).random((len(HOUR[:3000]), 52)).astype(np.float32)
    before, blinking = weights.copy(), add_blinks(weights, HOUR[:3000], 5)
    np.testing.assert_array_equal(weights, before)
    others = [i for i in range(52) if i not in {LEFT, RIGHT}]
    np.testing.assert_array_equal(blinking[:, others], weights[:, others])
    lid = lid_closure(HOUR[:3000], 5)
    np.testing.assert_array_equal(blinking[:, LEFT], np.maximum(weights[:, LEFT], lid))
    np.testing.assert_array_equal(blinking[:, RIGHT], np.maximum(weights[:, RIGHT], lid))


@pytest.mark.parametrize("times", [-0.1, np.nan, np.inf, 2.0**40])
def test_impossible_times_are_refused(times):
    with pytest.raises(UsageError, match="times"):
        lid_closure(times, 0)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_impossible_seeds_are_refused(seed):
    with pytest.raises(UsageError, match="seed"):
        lid_closure(0.0, seed)


def test_other_rigs_are_refused():
    with pytest.raises(UsageError, match="weights"):
        add_blinks(np.zeros((3, 51), np.float32), np.zeros(3), 0)
