"""Errors by sound: they fall on the phones that they were put on, and on no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.bundle.phones import Phones
from sdk.parity.face import FaceFigures
from sdk.parity.face.sounds import SoundErrors, sound_errors
from tests.parity.face.talking import FRAMES, JAW, RATE, SPEECH, VIEW, sound, weights

HOLD = 16_000 // RATE
PERIOD = 20
"""Frames from one closure of the talking face to the next: at rows 10, 30, ..."""


def speech() -> Phones:
    """An m around each closure, an aa wherever the mouth is open, nothing once it is at rest."""
    start, end, names = [], [], []
    for turn in range(SPEECH // PERIOD):
        for name, first, last in (("aa", 0, 8), ("m", 8, 13), ("ae", 13, 20)):
            start.append((turn * PERIOD + first) * HOLD)
            end.append((turn * PERIOD + last) * HOLD)
            names.append(name)
    return Phones(np.array(start, np.int64), np.array(end, np.int64), tuple(names))


def told(candidate: np.ndarray) -> SoundErrors:
    found = VIEW.figures(weights(), candidate, replace(sound(), phones=speech()))
    assert isinstance(found, FaceFigures)
    assert found.sounds is not None
    return found.sounds


def shown() -> np.ndarray:
    """The phone that each frame shows, counted by hand."""
    names = np.full(FRAMES, "sil ")
    for name, start, end in speech().runs():
        due = sound().due_sample
        names[(due >= start) & (due < end)] = name
    return np.char.strip(names)


def test_without_an_error_every_sound_is_there_and_exact() -> None:
    found = told(weights())
    assert [(each.name, each.viseme) for each in found.phones] == [
        ("m", "bilabial"),
        ("aa", "open"),
        ("ae", "open"),
        ("sil", "silence"),
    ]
    assert [each.name for each in found.visemes] == ["bilabial", "open", "silence"]
    assert {each.worst_mm for each in (*found.phones, *found.visemes)} == {0}
    assert sum(each.frames for each in found.phones) == sum(each.frames for each in found.visemes) == FRAMES
    assert [each.said for each in found.visemes] == [6, 12, 0]
    assert found.bilabials is not None
    assert (found.bilabials.said, found.bilabials.reference, found.bilabials.kept) == (6, 6, 6)
    assert found.bilabials.farthest_mm == 0


def test_an_error_falls_on_its_phone_alone() -> None:
    wrong = weights()
    rows = np.flatnonzero(shown() == "ae")
    wrong[rows, JAW] += np.float32(0.05)
    wrong[rows[7], JAW] += np.float32(0.05)
    found = {each.name: each for each in told(wrong).phones}
    assert {name for name, each in found.items() if each.worst_mm} == {"ae"}
    assert found["ae"].frames == len(rows)
    assert found["ae"].worst_frame == rows[7]
    assert found["ae"].worst_mm / found["ae"].mean_mm == pytest.approx(2 / (1 + 1 / len(rows)), rel=1e-5)


def test_lips_that_no_longer_meet_are_counted_and_measured() -> None:
    wrong = weights()
    # The second and the fourth closure stay open by some millimetres.
    for turn in (1, 3):
        wrong[turn * PERIOD : (turn + 1) * PERIOD, JAW] += np.float32(0.1)
    count = told(wrong).bilabials
    assert count is not None
    assert (count.said, count.reference, count.kept) == (6, 6, 4)
    assert count.farthest_mm > 1


def test_figures_of_a_stream_whose_words_nobody_knows_have_no_sounds() -> None:
    found = VIEW.figures(weights(), weights(), sound())
    assert isinstance(found, FaceFigures)
    assert found.sounds is None


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 12))
def test_means_of_the_sounds_make_the_mean_of_the_stream(seed: int, count: int) -> None:
    noise = np.random.default_rng(seed)
    edges = np.sort(noise.choice(FRAMES * HOLD, 2 * count, replace=False))
    names = tuple(noise.choice(["p", "f", "uw", "aa", "iy", "t", "ɥ"], count).tolist())
    said = Phones(edges[::2].astype(np.int64), edges[1::2].astype(np.int64), names)
    worst, times = noise.uniform(0, 1, FRAMES), sound().due_sample / 16_000
    found = sound_errors(worst, times, said, None)
    for group in (found.phones, found.visemes):
        assert sum(each.mean_mm * each.frames for each in group) == pytest.approx(worst.sum())
        assert max(each.worst_mm for each in group) == worst.max()
        assert all(worst[each.worst_frame] == each.worst_mm for each in group)
    assert found.bilabials is None
