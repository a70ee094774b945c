"""Both readers take the same texts for JSON, with the same limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.bundle.json_text import MAX_BYTES, MAX_DEPTH, MAX_ITEMS
from tests.bindings.native.bundle.agreement import NativeReader, Tree, agree, encoded

JSON_TEXTS = [
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000\x7f"',
    '"\x1f"',
    '"\\x41"',
    '"\\/\\b"',
    "'a'",
    "01",
    "-0",
    "-",
    "+1",
    "1.",
    ".5",
    "1e5",
    "1E+05",
    "1e",
    "0x10",
    "1e308",
    "1e309",
    "-1e-400",
    "1." + "0" * 5000,
    "9007199254740992",
    "-9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1" * 5000,
    "NaN",
    "Infinity",
    "true false",
    "True",
    "[1,]",
    "[,1]",
    "{,}",
    '{"a":1,}',
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"\\ud800":1}',
    "{1:1}",
    "/**/1",
    "1//\n",
    "\u00a01",
    "\v1",
    "\t\r\n 1",
    "\x001",
    "\ufeff1",
    "[" * (MAX_DEPTH - 3) + "]" * (MAX_DEPTH - 3),
    "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2),
    "[" * 100_000,
    "[" + ",".join("0" * MAX_ITEMS) + "]",
    "[" + ",".join("0" * (MAX_ITEMS + 1)) + "]",
    "{" + ",".join(f'"{index}":0' for index in range(MAX_ITEMS)) + "}",
    "{" + ",".join(f'"{index}":0' for index in range(MAX_ITEMS + 1)) + "}",
]
BAD_UTF8 = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xc3\xa9"]
PIECES = ['{"a":', "[", "]", "}", ",", ":", '"', "\\", "0", "1", "-", ".", "e", "true", "null", " ", '"b"', "00"]


def with_config(toy: Tree, config: bytes) -> bytes:
    """Any value may stand in the model's configuration, so that its text alone decides."""
    marker = "in place of the configuration"
    return encoded({**toy, "model": {**toy["model"], "config": marker}}).replace(encoded(marker), config)


class TestJson:
    @pytest.mark.parametrize("text", JSON_TEXTS, ids=lambda text: ascii(text[:20]))
    def test_value(self, native: NativeReader, toy: Tree, text: str) -> None:
        agree(native, with_config(toy, f'{{"a": {text}}}'.encode()))

    @pytest.mark.parametrize("data", BAD_UTF8)
    def test_utf8(self, native: NativeReader, toy: Tree, data: bytes) -> None:
        agree(native, with_config(toy, b'{"a": "%b"}' % data))

    @pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b"\xef", b" \n", b"\0", b"//\n"])
    def test_around_the_object(self, native: NativeReader, toy: Tree, data: bytes) -> None:
        agree(native, data + encoded(toy))
        agree(native, encoded(toy) + data)

    def test_length(self, native: NativeReader, toy: Tree) -> None:
        assert agree(native, encoded(toy).ljust(MAX_BYTES))
        assert not agree(native, encoded(toy).ljust(MAX_BYTES + 1))

    @settings(deadline=None, max_examples=300)
    @given(pieces=st.lists(st.sampled_from(PIECES), max_size=8))
    def test_soup(self, native: NativeReader, toy: Tree, pieces: list[str]) -> None:
        agree(native, with_config(toy, f'{{"a": {"".join(pieces)}}}'.encode()))
