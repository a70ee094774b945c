"""The choice of moments for the picture of the speaking face, and the picture itself."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52

ASSETS = Path(__file__).parents[2] / "docs" / "assets"
TIMES = ((np.arange(120) + 1) / 30).astype(np.float32)
SPEECH = np.ones(120, bool)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """make_speaking.py as a module."""
    monkeypatch.syspath_prepend(str(ASSETS))
    yield importlib.import_module("make_speaking")
    del sys.modules["make_speaking"]


@pytest.fixture
def figure(script: ModuleType) -> ModuleType:
    """What lays the picture out."""
    return sys.modules["sdk.film.figure"]


def gap_of(closures: list[int], openings: dict[int, float]) -> np.ndarray:
    """(120,) millimetres: 0 at `closures`, the given gap at `openings`, 3 mm elsewhere."""
    gap = np.full(120, 3.0, np.float32)
    gap[closures] = 0.0
    for frame, height in openings.items():
        gap[frame] = height
    return gap


def chosen(script: ModuleType, gap: np.ndarray, count: int, speech: np.ndarray = SPEECH) -> list[tuple[int, bool]]:
    return [(m.frame, m.closed) for m in script.choose_moments(gap, TIMES, speech, count)]


def test_all_moments_are_taken_when_there_are_just_enough(script: ModuleType) -> None:
    gap = gap_of([10, 60, 110], {35: 9.0, 85: 8.0})
    assert chosen(script, gap, 5) == [(10, True), (35, False), (60, True), (85, False), (110, True)]


def test_of_two_openings_at_equal_distance_the_wider_is_shown(script: ModuleType) -> None:
    gap = gap_of([20, 100], {56: 6.0, 64: 9.0})
    assert chosen(script, gap, 3) == [(20, True), (64, False), (100, True)]
    assert chosen(script, gap_of([20, 100], {56: 9.0, 64: 6.0}), 3) == [(20, True), (56, False), (100, True)]


def test_moments_are_spread_rather_than_crowded(script: ModuleType) -> None:
    gap = gap_of([10, 14, 18, 100], {12: 9.0, 16: 9.0, 60: 9.0})
    assert chosen(script, gap, 3) == [(18, True), (60, False), (100, True)]


def test_a_pause_is_no_closure(script: ModuleType) -> None:
    gap = gap_of([10, 60, 110], {30: 9.0, 90: 8.0})
    speech = SPEECH.copy()
    speech[55:65] = False
    with pytest.raises(UsageError, match="5 moments"):
        chosen(script, gap, 5, speech)
    assert 60 not in [frame for frame, _ in chosen(script, gap, 3, speech)]


def test_lips_that_only_come_near_or_part_a_little_are_not_shown(script: ModuleType) -> None:
    gap = gap_of([20, 100], {60: 9.0})
    gap[40], gap[80] = 1.3, 3.9
    assert chosen(script, gap, 3) == [(20, True), (60, False), (100, True)]


@pytest.mark.parametrize("gap", [np.zeros(120, np.float32), np.full(120, 8.0, np.float32)])
def test_a_face_that_does_not_move_is_refused(script: ModuleType, gap: np.ndarray) -> None:
    with pytest.raises(UsageError, match="close 0 times"):
        chosen(script, gap, 2)


def test_speech_reaches_over_a_closure_but_not_over_a_pause(script: ModuleType) -> None:
    pcm = np.sin(np.arange(64000) * 0.3).astype(np.float32)
    pcm[16000:17600] = 0.0  # 100 ms, as a stop's closure
    pcm[32000:48000] = 0.0  # 1 s
    heard = script.is_speech(pcm, np.array([0.5, 1.05, 2.5, 3.5], np.float32))
    assert heard.tolist() == [True, True, False, True]


def test_silence_is_no_speech(script: ModuleType) -> None:
    assert not script.is_speech(np.zeros(16000, np.float32), TIMES[:30]).any()


def test_the_picture_is_small_and_transparent_outside_its_card(
    script: ModuleType, figure: ModuleType, tmp_path: Path
) -> None:
    gap = gap_of([10, 60, 110], {35: 9.0, 85: 8.0})
    pcm = np.sin(np.arange(64000) * 0.01).astype(np.float32)
    performance = figure.Stretch(pcm, 0.0, TIMES, np.zeros((120, len(ARKIT_52)), np.float32), gap)
    moments = script.choose_moments(gap, TIMES, SPEECH, 5)
    faces = [Image.new("RGB", (200, 260), "#c08060")] * 5
    script.save(script.draw(performance, moments, faces, [("hello", 0.5, 1.0)]), tmp_path / "speaking.png")
    with Image.open(tmp_path / "speaking.png") as picture:
        pixels = picture.convert("RGBA")
    assert pixels.size == (figure.WIDTH * figure.DENSITY, figure.HEIGHT * figure.DENSITY)
    assert pixels.getpixel((0, 0))[3] == 0
    assert min(pixels.getpixel((pixels.width // 2, 12))) > 247  # white, but for what few colours do to it
    left, right = figure.tiles(5)[0]
    middle = round((left + right) / 2 * figure.DENSITY), round(sum(figure.FACES) / 2 * figure.DENSITY)
    assert np.abs(np.array(pixels.getpixel(middle)[:3]) - (0xC0, 0x80, 0x60)).max() < 8


def test_words_keep_their_spelling_and_order(script: ModuleType) -> None:
    pcm = script.load_speech(script.SPEECH)[:71000]
    words = script.align_words(pcm, script.TEXT)
    assert [word for word, _, _ in words] == script.TEXT.split()
    starts = [begin for _, begin, _ in words]
    assert starts == sorted(starts)
    assert 0.25 < starts[0] < 0.4
    assert words[-1][2] == pytest.approx(4.41, abs=0.15)  # where the recording falls silent


def test_words_that_are_not_in_the_dictionary_are_left_out(script: ModuleType) -> None:
    assert script.align_words(np.zeros(16000, np.float32), "Xqzzt mumblefratz.") == []
