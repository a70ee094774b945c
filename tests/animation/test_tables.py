"""CSV, Live Link Face, JSON and NumPy files give back what was written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sdk.animation.json_file import SCHEMA, AnimationRecord, schema_text
from sdk.animation.live_link_face import time_code
from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate
from tests.animation.clips import NTSC, channels, tone, weights, write

ROOT = Path(__file__).parents[2]
FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)
CLIPS = arrays(np.float32, st.tuples(st.integers(1, 5), st.just(3)), elements=FLOATS)
NAMES = ("jawOpen", 'a, quoted "name"', "größer")

LIVE_LINK_HEADER = (
    "Timecode,BlendshapeCount,EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft,EyeLookUpLeft,EyeSquintLeft,"
    "EyeWideLeft,EyeBlinkRight,EyeLookDownRight,EyeLookInRight,EyeLookOutRight,EyeLookUpRight,EyeSquintRight,"
    "EyeWideRight,JawForward,JawRight,JawLeft,JawOpen,MouthClose,MouthFunnel,MouthPucker,MouthRight,MouthLeft,"
    "MouthSmileLeft,MouthSmileRight,MouthFrownLeft,MouthFrownRight,MouthDimpleLeft,MouthDimpleRight,MouthStretchLeft,"
    "MouthStretchRight,MouthRollLower,MouthRollUpper,MouthShrugLower,MouthShrugUpper,MouthPressLeft,MouthPressRight,"
    "MouthLowerDownLeft,MouthLowerDownRight,MouthUpperUpLeft,MouthUpperUpRight,BrowDownLeft,BrowDownRight,BrowInnerUp,"
    "BrowOuterUpLeft,BrowOuterUpRight,CheekPuff,CheekSquintLeft,CheekSquintRight,NoseSneerLeft,NoseSneerRight,"
    "TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,RightEyeYaw,RightEyePitch,RightEyeRoll"
)
"""The first line of a recording of the app."""


@given(CLIPS)
@settings(deadline=None, max_examples=25)
def test_csv_holds_every_bit(tmp_path_factory: pytest.TempPathFactory, clip: np.ndarray) -> None:
    path = write(tmp_path_factory.mktemp("csv") / "a.csv", channels(NAMES), clip)
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["time", "frame", *NAMES]
    assert np.array_equal(np.array([row[2:] for row in rows], np.float32), clip)


@given(CLIPS)
@settings(deadline=None, max_examples=25)
def test_json_holds_every_bit(tmp_path_factory: pytest.TempPathFactory, clip: np.ndarray) -> None:
    path = write(tmp_path_factory.mktemp("json") / "a.json", channels(NAMES, sound=tone()), clip, first=3)
    text = path.read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), json.loads(schema_text()), cls=jsonschema.Draft202012Validator)
    read = AnimationRecord.model_validate_json(text)
    assert (read.channels, read.frame_rate, read.sound, read.unit) == (list(NAMES), NTSC, "tone of mine.flac", "1")
    places = [(frame.index, frame.due_sample) for frame in read.frames]
    assert places == [(index, 100 * index + 7) for index in range(3, 3 + len(clip))]
    assert np.array_equal(np.array([frame.values for frame in read.frames], np.float32), clip)


@given(CLIPS)
@settings(deadline=None, max_examples=10)
def test_npz_holds_every_bit(tmp_path_factory: pytest.TempPathFactory, clip: np.ndarray) -> None:
    path = write(tmp_path_factory.mktemp("npz") / "a.npz", channels(NAMES), clip)
    with np.load(path, allow_pickle=False) as read:
        assert np.array_equal(read["values"], clip)
        assert read["names"].tolist() == list(NAMES)
        assert read["fps"].tolist() == [30_000, 1001]


def test_the_committed_schema_is_current() -> None:
    assert (ROOT / SCHEMA).read_text(encoding="utf-8") == schema_text(), "run python -m sdk.animation.json_file"


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("frame_rate"),
        lambda d: d.update(version=2),
        lambda d: d.update(surprise=1),
        lambda d: d["frames"][0]["values"].append("x"),
        lambda d: d["frames"][0].update(index=-1),
    ],
)
def test_the_schema_refuses(tmp_path: Path, damage: object) -> None:
    record = json.loads(write(tmp_path / "a.json", channels(), weights(2)).read_text())
    damage(record)  # type: ignore[operator]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, json.loads(schema_text()), cls=jsonschema.Draft202012Validator)


class TestLiveLinkFace:
    def test_columns_are_those_of_the_app_and_hold_their_channels(self, tmp_path: Path) -> None:
        clip = weights(40)
        path = write(tmp_path / "a.csv", channels(), clip, "live-link-face")
        assert path.read_text().splitlines()[0] == LIVE_LINK_HEADER
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 40
        for name, column in zip(ARKIT_52, clip.T, strict=True):
            read = np.array([row[name[0].upper() + name[1:]] for row in rows], np.float32)
            assert np.abs(read - column).max() <= 1e-7, name
        assert {row["BlendshapeCount"] for row in rows} == {"61"}
        assert {float(row[name]) for row in rows for name in row if name.endswith(("Yaw", "Pitch", "Roll"))} == {0}

    def test_channels_go_by_name_and_missing_ones_are_zero(self, tmp_path: Path) -> None:
        values = np.array([[0.25, 0.5]], np.float32)
        path = write(tmp_path / "a.csv", channels(["jawLeft", "jawOpen"]), values, "live-link-face")
        with path.open(newline="") as file:
            row = next(csv.DictReader(file))
        moved = {name: float(value) for name, value in list(row.items())[2:] if float(value)}
        assert moved == {"JawLeft": 0.25, "JawOpen": 0.5}

    def test_other_channels_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"no column for 1 of 2 channels \(Ear_Wiggle"):
            write(tmp_path / "a.csv", channels(["jawOpen", "Ear_Wiggle"]), np.zeros((1, 2)), "live-link-face")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("index", "rate", "code"),
        [
            (0, "60", "00:00:00:00.000"),
            (59, "60", "00:00:00:59.000"),
            (60, "60", "00:00:01:00.000"),
            (29, "29.97", "00:00:00:29.000"),
            (30, "29.97", "00:00:01:00.000"),
            (30 * 3600 * 24 - 1, "30", "23:59:59:29.000"),
            (30 * 3600 * 24, "30", "00:00:00:00.000"),
        ],
    )
    def test_time_codes(self, index: int, rate: str, code: str) -> None:
        assert time_code(index, FrameRate.parse(rate)) == code

    @given(st.integers(0, 2_000_000), st.sampled_from(["24", "25", "29.97", "30", "60", "12.5"]))
    @settings(deadline=None, max_examples=50)
    def test_no_time_code_is_left_out_or_given_twice(self, index: int, rate: str) -> None:
        nominal = int(np.ceil(float(FrameRate.parse(rate).fraction)))
        hours, minutes, seconds, part = (float(text) for text in time_code(index, FrameRate.parse(rate)).split(":"))
        assert ((hours * 60 + minutes) * 60 + seconds) * nominal + part == index % (24 * 3600 * nominal)
