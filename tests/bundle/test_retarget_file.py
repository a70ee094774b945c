"""Retarget files: read as written, and hostile ones told in one line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.bundle import read_retarget
from sdk.bundle.retarget_file import parse_retarget
from sdk.bundle.retarget_schema import DEFAULT, schema_text
from sdk.errors import UsageError
from sdk.rigs.retargets import ARKIT_52_RETARGET
from sdk.runtime import ChannelRule, Knob, Retarget

ROOT = Path(__file__).parents[2]

WHOLE = b"""{
  "format_version": 1,
  "channels": {"jawOpen": {"gain": 1.25, "offset": -0.5, "low": 0, "high": 1, "smoothing_ms": 40}},
  "other_channels": {"high": 1.0},
  "knobs": {"jaw": {"strength": 1.5, "channels": ["jawOpen"], "closing": ["mouthPressLeft"]}}
}"""


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "avatar.json").write_bytes(WHOLE)
    assert read_retarget(tmp_path / "avatar.json") == Retarget(
        channels={"jawOpen": ChannelRule(gain=1.25, offset=-0.5, low=0, high=1, smoothing_ms=40)},
        other_channels=ChannelRule(high=1),
        knobs={"jaw": Knob(strength=1.5, channels=("jawOpen",), closing=("mouthPressLeft",))},
    )
    assert parse_retarget(b'{"format_version": 1}') == Retarget()


REFUSED = [
    (b"", "not JSON"),
    (b"[]", "not a JSON object"),
    (b"{}", "format_version"),
    (b'{"format_version": 2}', "format_version"),
    (b'{"format_version": true}', "format_version"),
    (b'{"format_version": 1, "gain": 2}', "gain"),
    (b'{"format_version": 1, "knobs": {}, "knobs": {}}', "stands twice"),
    (b'{"format_version": 1, "channels": []}', "channels"),
    (b'{"format_version": 1, "other_channels": null}', "other_channels"),
    (b'{"format_version": 1, "channels": {"a": {"gain": NaN}}}', "NaN"),
    (b'{"format_version": 1, "channels": {"a": {"gain": 1e999}}}', "too large"),
    (b'{"format_version": 1, "channels": {"a": {"gain": 17}}}', "channels.a.gain"),
    (b'{"format_version": 1, "channels": {"a": {"gain": "1"}}}', "channels.a.gain"),
    (b'{"format_version": 1, "channels": {"a": {"gain": true}}}', "channels.a.gain"),
    (b'{"format_version": 1, "channels": {"a": {"gain": null}}}', "channels.a.gain"),
    (b'{"format_version": 1, "channels": {"a": {"offset": 65505}}}', "offset"),
    (b'{"format_version": 1, "channels": {"a": {"low": 1, "high": 0.5}}}', "low 1.0 is above high 0.5"),
    (b'{"format_version": 1, "channels": {"a": {"smoothing_ms": -1}}}', "smoothing_ms"),
    (b'{"format_version": 1, "channels": {"a": {"smoothing_ms": 10001}}}', "smoothing_ms"),
    (b'{"format_version": 1, "channels": {"a": {"smooth": 1}}}', "smooth"),
    (b'{"format_version": 1, "knobs": {"jaw": {"strength": 2.5}}}', "knobs.jaw.strength"),
    (b'{"format_version": 1, "knobs": {"Jaw": {}}}', "knobs.Jaw"),
    (b'{"format_version": 1, "knobs": {"jaw": {"channels": "a"}}}', "knobs.jaw.channels"),
    (b'{"format_version": 1, "knobs": {"jaw": {"channels": [{"toString": 1}]}}}', "knobs.jaw.channels"),
    (b'{"format_version": 1, "knobs": {"jaw": {"channels": ["a", "a"]}}}', "stands twice"),
    (b'{"format_version": 1, "knobs": {"jaw": {"channels": ["a"], "closing": ["a"]}}}', "stands twice"),
    (b'{"format_version": 1, "knobs": {%s}}' % b", ".join(b'"k%d": {}' % n for n in range(17)), "16"),
    (b'{"format_version": 1, "channels": {"\\ud800": {}}}', "half a character"),
    (b'{"format_version": 1, "channels": ' + b"[" * 40 + b"]" * 40 + b"}", "nested deeper"),
    (b"\xff{}", "not JSON"),
]
"""Texts that every reader refuses, and a word of the Python reader's message."""


@pytest.mark.parametrize(("text", "word"), REFUSED)
def test_hostile_texts_are_refused_in_one_line(text: bytes, word: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_retarget(text, "avatar.json")
    assert word in str(told.value)
    assert str(told.value).startswith("avatar.json: ")
    assert len(str(told.value)) < 600
    assert str(told.value).isprintable()


def test_the_committed_schema_is_current_and_refuses_what_the_reader_refuses() -> None:
    assert (ROOT / DEFAULT).read_text(encoding="utf-8") == schema_text(), "run python -m sdk.bundle.retarget_schema"
    schema = json.loads(schema_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    validator.validate(json.loads(WHOLE))
    validator.validate(json.loads(ARKIT_52_RETARGET.read_bytes()))
    said_by_the_reader_alone = ("JSON", "NaN", "too large", "twice", "above", "character", "deeper")
    judged = 0
    for text, word in REFUSED:
        if not any(part in word for part in said_by_the_reader_alone):
            assert not validator.is_valid(json.loads(text)), text
            judged += 1
    assert judged > 15


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_retarget(tmp_path / "none.json")
    with pytest.raises(UsageError, match="cannot be read"):
        read_retarget(tmp_path)


def refusal(text: bytes) -> str:
    """What is said of a text that is refused; nothing of one that is read."""
    try:
        parse_retarget(text)
    except UsageError as error:
        return str(error)
    return ""


@settings(deadline=None, max_examples=150)
@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(place: int, byte: int) -> None:
    assert refusal(WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]).isprintable()
