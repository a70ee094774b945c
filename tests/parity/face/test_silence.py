"""Which frames are silent, and how much a face trembles in them."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.parity.face.region import Picked
from sdk.parity.face.silence import silent_frames, trembling

DUE = np.arange(1, 61) * 16000 // 30
"""Two seconds of frames."""


def speech(rate: int = 16000) -> np.ndarray:
    """A second of silence with a word from 1.0 to 1.4 s, two seconds in all."""
    pcm = np.zeros(2 * rate, np.float32)
    pcm[rate : int(1.4 * rate)] = np.sin(np.arange(int(1.4 * rate) - rate))
    return pcm


def expected() -> np.ndarray:
    """100 ms before the word and 200 ms after it belong to the word."""
    seconds = DUE / 16000
    return (seconds <= 0.9) | (seconds >= 1.6)


@pytest.mark.parametrize("rate", [16000, 48000, 8000])
def test_the_word_and_what_belongs_to_it_is_not_silent(rate: int) -> None:
    assert silent_frames(speech(rate), rate, DUE).tolist() == expected().tolist()


def test_blocks_of_no_whole_samples_do_not_drift() -> None:
    """At 22,050 Hz a block is 220 samples: 0.23 % shorter than 10 ms, 0.14 s in a minute."""
    rate, due = 22050, np.arange(1, 121 * 30) * 16000 // 30
    pcm = np.zeros(122 * rate, np.float32)
    pcm[: 60 * rate] = np.sin(np.arange(60 * rate))
    silent = silent_frames(pcm, rate, due)
    assert due[silent][0] / 16000 == pytest.approx(60.2, abs=0.05)


def test_samples_of_16_bits_are_heard_alike() -> None:
    assert silent_frames((speech() * 3000).astype(np.int16), 16000, DUE).tolist() == expected().tolist()


@pytest.mark.parametrize(("decibel", "silent"), [(-30, False), (-40, True)])
def test_silence_is_35_db_below_the_loudest(decibel: float, silent: bool) -> None:
    """Each block of noise is about as loud as the other."""
    pcm = speech() + np.tile([1.0, -1.0], 16000) * 10 ** (decibel / 20) / np.sqrt(2)
    assert silent_frames(pcm.astype(np.float32), 16000, DUE)[10] == silent


def test_silence_alone_is_silent_and_what_is_no_number_is_not() -> None:
    pcm = np.zeros(32000, np.float32)
    assert silent_frames(pcm, 16000, DUE).all()
    pcm[16000] = np.nan
    found = silent_frames(pcm, 16000, DUE)
    assert not found[30] and found[:20].all()  # noqa: PT018


def test_frames_beyond_the_sound_and_no_sound_at_all_are_silent() -> None:
    assert silent_frames(np.zeros(0, np.float32), 16000, DUE).all()


def test_trembling_by_hand() -> None:
    """One vertex of two goes 0, 1, 0, 1, 1 mm: second differences -2, 2, -1; the last frame but one is not at rest."""
    values = np.zeros((5, 2, 3))
    values[:, 0, 2] = [0, 1, 0, 1, 1]
    silent = np.array([True, True, True, True, False])
    region = Picked(np.array([0, 1]), 1.0)
    assert trembling(values, silent, region) == pytest.approx(np.sqrt((4 + 4) / (2 * 2)))
    assert trembling(values, np.ones(5, bool), region) == pytest.approx(np.sqrt((4 + 4 + 1) / (2 * 3)))


def test_a_drift_does_not_tremble() -> None:
    values = np.arange(10.0)[:, None, None] * np.ones((10, 2, 3))
    assert trembling(values, np.ones(10, bool), Picked(np.array([0, 1]), 1.0)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("silent", [[True, True], [True, True, False, True, True]])
def test_without_three_silent_frames_in_a_row_nothing_can_be_said(silent: list[bool]) -> None:
    values = np.zeros((len(silent), 1, 3))
    assert trembling(values, np.array(silent), Picked(np.array([0]), 1.0)) is None
