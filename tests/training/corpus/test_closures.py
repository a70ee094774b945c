"""Rules that mend labels, on sounds whose closures are known to the sample."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.training.corpus.closures import (
    LONGEST_CLOSURE,
    end_lip_closures_at_burst,
    extend_closures,
    fill_gaps,
    level_above,
)
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import TimedPhone, are_in_order

RATE = 16_000


def tone(seconds: float, hertz: float = 200.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def breath(seconds: float, level: float = 0.2) -> np.ndarray:
    return level * np.random.default_rng(0).standard_normal(round(seconds * RATE))


def speech(parts: list[np.ndarray], *phones: tuple[str, float, float]) -> Speech:
    return Speech(np.concatenate(parts).astype(np.float32), tuple(TimedPhone(*phone) for phone in phones))


@pytest.mark.parametrize("silence", [0.04, 0.07, 0.3])
def test_closure_reaches_back_over_the_silence_and_no_further(silence):
    burst = 0.3 + silence
    parts = [tone(0.3), np.zeros(round(silence * RATE)), breath(0.05), tone(0.2)]
    phones = (("aa", 0.0, burst), ("t", burst, burst + 0.05), ("iy", burst + 0.05, burst + 0.25))
    mended = extend_closures(speech(parts, *phones))
    assert mended.phones[1].start == pytest.approx(burst - min(silence, LONGEST_CLOSURE), abs=0.006)
    assert mended.phones[0].end == pytest.approx(mended.phones[1].start)


def test_a_first_stop_closes_in_the_silence_before_it():
    said = speech([np.zeros(3200), breath(0.05), tone(0.2)], ("p", 0.2, 0.25), ("iy", 0.25, 0.45))
    mended = extend_closures(said)
    assert mended.phones[0].start == pytest.approx(0.2 - LONGEST_CLOSURE, abs=0.001)
    assert mended.phones[1] == said.phones[1]


def test_closure_needs_silence():
    said = speech([tone(0.3), breath(0.05), tone(0.2)], ("aa", 0.0, 0.3), ("t", 0.3, 0.35), ("iy", 0.35, 0.55))
    assert extend_closures(said).phones[1].start == pytest.approx(0.3, abs=0.006)


def test_only_stops_reach_back():
    said = speech([tone(0.3), np.zeros(960), tone(0.2)], ("aa", 0.0, 0.36), ("m", 0.36, 0.56))
    assert extend_closures(said).phones == said.phones


@pytest.mark.parametrize("closed", [tone(0.08, 0.0, 0.0), tone(0.08, 120.0, 0.1)], ids=["silent p", "b with voice bar"])
def test_lips_part_at_the_burst(closed):
    parts = [tone(0.2) + breath(0.2, 0.02), closed, breath(0.05), tone(0.2) + breath(0.2, 0.02)]
    said = speech(parts, ("aa", 0.0, 0.2), ("p", 0.2, 0.33), ("aa", 0.33, 0.53))
    _, stop, after = end_lip_closures_at_burst(said).phones
    assert stop.end == pytest.approx(0.28, abs=0.006)
    assert (after.start, after.end) == (stop.end, 0.53)


def test_a_stop_without_a_burst_keeps_its_label():
    said = speech([tone(0.2), np.zeros(1600), np.zeros(1600)], ("aa", 0.0, 0.2), ("p", 0.2, 0.3), ("k", 0.3, 0.4))
    assert end_lip_closures_at_burst(said).phones == said.phones


def test_gaps_become_silence():
    filled = fill_gaps(speech([np.zeros(RATE)], ("aa", 0.1, 0.2), ("p", 0.2, 0.3), ("sil", 0.3, 0.4)))
    assert [(p.name, p.start, p.end) for p in filled.phones] == [
        ("sil", 0.0, 0.1),
        ("aa", 0.1, 0.2),
        ("p", 0.2, 0.3),
        ("sil", 0.3, 1.0),
    ]
    assert are_in_order(filled.phones)


def test_level_sees_only_what_is_above():
    low, high = (
        level_above(tone(0.5, 200.0).astype(np.float32), 1000.0),
        level_above(tone(0.5, 3000.0).astype(np.float32), 1000.0),
    )
    assert np.median(high) - np.median(low) > 40
