"""The ceiling study: rows tell each phone when they say they do and nothing before, and a run learns from them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.__main__ import main
from sdk.errors import UsageError
from sdk.training.cache import read_split
from sdk.training.ceiling.told import COLUMNS, ELAPSED, ELAPSED_RATE, LONGEST, LOUDNESS, OFF, ON, told_rows, write_told
from sdk.training.clips import plain_clip
from sdk.training.phones import PHONE_INDEX, PHONES, SILENCE, TimedPhone
from sdk.training.recipe import load_recipe
from sdk.training.task import make_task
from tests.training.toy_corpus import write_corpus
from tests.training.toy_task import toy_teacher, toy_utterance

ROOT = Path(__file__).parents[2]
WIDTH = 160
BREAK = PHONES.index(SILENCE)


def columns(phones: list[TimedPhone], delay: float, hops: int = 50) -> np.ndarray:
    """(columns, 80), of a clip without sound."""
    told = told_rows(np.zeros((hops, WIDTH), np.float32), phones, delay)
    return told.reshape(COLUMNS * hops, -1)


@st.composite
def timed_phones(draw: st.DrawFn) -> list[TimedPhone]:
    """With gaps, on no grid."""
    found, end = [], 0.0
    for _ in range(draw(st.integers(0, 6))):
        start = end + draw(st.floats(0, 0.1))
        end = start + draw(st.floats(0.011, 0.3))
        found.append(TimedPhone(draw(st.sampled_from(PHONES)), start, end))
    return found


@settings(deadline=None, max_examples=100)
@given(timed_phones(), st.floats(0, 0.2))
def test_each_column_tells_the_phone_of_its_end(phones: list[TimedPhone], delay: float) -> None:
    """Oracle: the phone looked up moment by moment."""
    told = columns(phones, delay)
    for number, column in enumerate(told):
        moment = 0.01 * (number + 1) - delay
        if any(min(abs(moment - phone.start), abs(moment - phone.end)) < 1e-6 for phone in phones):
            continue
        sounding = [phone for phone in phones if phone.start < moment <= phone.end]
        index = PHONE_INDEX[sounding[0].name] if sounding else BREAK
        assert column[index] == ON
        assert (np.delete(column[: len(PHONES)], index) == OFF).all()
        elapsed = min(moment - sounding[0].start, LONGEST) if sounding else 0
        assert column[ELAPSED] == pytest.approx(OFF + ELAPSED_RATE * elapsed, abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(timed_phones(), st.floats(0, 1), st.floats(0, 0.1))
def test_no_row_knows_a_phone_before_it_is_told(phones: list[TimedPhone], cut: float, delay: float) -> None:
    """What begins after `cut` changes no row that ends before ``cut + delay``."""
    before = [phone for phone in phones if phone.start < cut]
    rows = int((cut + delay) / 0.02)
    same = columns(before, delay)[: rows * COLUMNS], columns(phones, delay)[: rows * COLUMNS]
    np.testing.assert_array_equal(*same)


def test_the_loudness_is_that_of_the_sound() -> None:
    features = np.random.default_rng(0).normal(size=(20, WIDTH)).astype(np.float32)
    told = told_rows(features, [], 0.0).reshape(2 * 20, -1)
    np.testing.assert_array_equal(told[:, LOUDNESS], features.reshape(2 * 20, -1).mean(1))
    assert (told[:, LOUDNESS + 1 :] == OFF).all()


@pytest.mark.parametrize("width", [82, 85, 4])
def test_rows_without_room_are_refused(width: int) -> None:
    with pytest.raises(UsageError, match="no room"):
        told_rows(np.zeros((3, width), np.float32), [], 0.0)


def test_told_clips_are_those_of_the_sound_but_for_their_rows(tmp_path: Path) -> None:
    recipe = load_recipe("smoke")
    task = make_task(recipe.task, recipe.model)
    clips = [plain_clip(toy_utterance(name, 1.0), task, toy_teacher) for name in "abc"]
    for _ in range(2):  # the second time nothing is left to do
        write_told(tmp_path, "train", clips, 0.02)
    for clip, told in zip(clips, read_split(tmp_path, "train"), strict=True):
        assert (told.id, told.phones, told.closures) == (clip.id, clip.phones, clip.closures)
        np.testing.assert_array_equal(told.labels.targets, clip.labels.targets)
        np.testing.assert_array_equal(told.features, told_rows(clip.features, clip.phones, 0.02))


@pytest.fixture
def short_recipe(tmp_path: Path) -> Path:
    """The smoke recipe for a few steps."""
    lines = []
    for line in (ROOT / "sdk/training/recipes/smoke.toml").read_text(encoding="utf-8").splitlines():
        key = line.partition("=")[0].strip()
        lines.append({"steps": "steps = 60", "every": "every = 30", "warm_up": "warm_up = 5"}.get(key, line))
    path = tmp_path / "short.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_phone_that_is_told_late_costs_and_the_report_says_so(tmp_path: Path, short_recipe: Path) -> None:
    corpus, out = write_corpus(tmp_path / "corpus", {"train": 12, "validation": 3}), tmp_path / "out"
    arguments = ["train", "ceiling", str(short_recipe), "--corpus", str(corpus), "--out", str(out)]
    delays = ["--delay-ms", "0", "--delay-ms", "200"]
    result = CliRunner().invoke(main, [*arguments, *delays], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    at_once, late = json.loads((out / "report.json").read_text())
    assert (at_once["delay_ms"], late["delay_ms"]) == (0, 200)
    errors = [each["scores"]["validation"]["gap_mae_mm"] for each in (at_once, late)]
    assert errors[0] < 0.8 * errors[1]
    assert "validation, 200 ms" in result.output
    assert (out / "report.md").read_text() in result.output
    again = CliRunner().invoke(main, [*arguments, *delays])
    assert again.exit_code != 0
    assert "--resume" in str(again.exception or again.output)
    resumed = CliRunner().invoke(main, [*arguments, *delays, "--resume"], catch_exceptions=False)
    assert resumed.output.splitlines()[-3:] == result.output.splitlines()[-3:]


def test_a_recipe_that_moves_no_face_is_refused(tmp_path: Path) -> None:
    arguments = ["train", "ceiling", "vatt_sync", "--corpus", str(tmp_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert "moves no face" in str(result.exception or result.output)
