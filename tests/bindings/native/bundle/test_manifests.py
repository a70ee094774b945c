"""Both readers decide the same about the content of a manifest."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bindings.native.bundle.agreement import NativeReader, Tree, agree, encoded
from tests.bundle import test_hostile
from tests.bundle.test_fuzz import mutate, parent_of, places

Change = Callable[[Tree], object]


def leave_out(record: Tree, key: str) -> None:
    del record[key]


def set_to_null(record: Tree, key: str) -> None:
    record[key] = None


def file(path: str) -> Tree:
    return {"path": path, "sha256": "0" * 64, "bytes": 0}


def cases(test: Any, name: str) -> list[Any]:
    """The values that a test of Python's reader is parametrized with."""
    return next(list(mark.args[1]) for mark in test.pytestmark if mark.args[0] == name)


class TestKnownDefects:
    def test_both_accept_the_undamaged(self, native: NativeReader, toy: Tree, full: Tree) -> None:
        """The other tests would prove little if nothing were accepted."""
        assert agree(native, encoded(toy))
        assert agree(native, encoded(full))

    @pytest.mark.parametrize("data", cases(test_hostile.TestManifestText.test_not_json, "data"))
    def test_not_json(self, native: NativeReader, data: bytes) -> None:
        assert not agree(native, data)

    @pytest.mark.parametrize("change", cases(test_hostile.TestManifestContent.test_wrong_value, "change"))
    def test_wrong_value(self, native: NativeReader, toy: Tree, change: Change) -> None:
        tree = copy.deepcopy(toy)
        change(tree)
        assert not agree(native, encoded(tree))

    @pytest.mark.parametrize("version", cases(test_hostile.TestManifestContent.test_format_version, "version"))
    def test_format_version(self, native: NativeReader, toy: Tree, version: object) -> None:
        assert not agree(native, encoded({**toy, "format_version": version}))

    @pytest.mark.parametrize("path", cases(test_hostile.TestPaths.test_unsafe, "path"))
    def test_unsafe_path(self, native: NativeReader, toy: Tree, path: str) -> None:
        assert not agree(native, encoded({**toy, "parameters": path}))

    @pytest.mark.parametrize("path", cases(test_hostile.TestPaths.test_collision, "path"))
    def test_collision(self, native: NativeReader, toy: Tree, path: str) -> None:
        assert not agree(native, encoded({**toy, "files": [*toy["files"], file(path)]}))

    def test_every_key_is_needed_or_not_by_both(self, native: NativeReader, full: Tree) -> None:
        """Each key of each record left out, set to null, and beside one that nobody knows."""
        for place in places(full)[1:]:
            if not isinstance(place[-1], str):
                continue
            for change in (leave_out, set_to_null):
                tree = copy.deepcopy(full)
                change(parent_of(tree, place), place[-1])
                agree(native, encoded(tree))
            tree = copy.deepcopy(full)
            parent_of(tree, place)["surprise"] = 1
            agree(native, encoded(tree))


def at(*place: str | int) -> Callable[[object], Change]:
    """A change that sets the value at `place`."""
    return lambda value: lambda tree: parent_of(tree, place).__setitem__(place[-1], value)


TENSOR, SIGNAL = ("pipeline", "parameters", 0), ("pipeline", "signals", 0)
RECORD = ("targets", 1)
BOUNDS: list[tuple[Callable[[object], Change], object, object]] = [
    (at("unit"), "ä" * 40, "ä" * 41),
    (at("model", "title"), "\U0001f600" * 20_000, "\U0001f600" * 20_001),
    (at("model", "name"), "a" * 120, "a" * 121),
    (at("channels", 0), "é" * 120, ""),
    (at("channels", 1), "\n", "\n" * 121),
    (at(*RECORD, "target"), "0" * 60, "0" * 61),
    (at(*RECORD, "precision"), "a-_", "-a"),
    (at(*RECORD, "tools"), {"": ""}, {"a": None}),
    (at(*RECORD, "tools"), {"é" * 20_000: ""}, {"é" * 20_001: ""}),
    (at(*RECORD, "layers"), {}, {"Name": {}}),
    (at(*RECORD, "measured"), {"": -1}, {"": True}),
    (at(*RECORD, "tolerance", "label_agreement"), 1, 1.0000001),
    (at(*RECORD, "tolerance", "rms_of_range"), -0.0, -1e-300),
    (at(*RECORD, "artefacts", "identity"), "reference", "referenc"),
    (at("pipeline", "hop"), 320, 16_001),
    (at("pipeline", "lookahead_samples"), 160_000, 160_001),
    (at("pipeline", "frame_rate"), {"num": 1_000_000, "den": 1_000_000}, {"num": 1_000_001}),
    (at("pipeline", "frame_rate"), {"num": 1}, {"num": 1, "den": 0}),
    (at(*SIGNAL, "hold_samples"), 160_000, 160_001),
    (at(*SIGNAL, "tensors", 0, "low"), 0, 1e-300),
    (at(*SIGNAL, "tensors", 0, "high"), -0.0, -1e-300),
    (at(*SIGNAL, "name"), "face", "audio"),
    (at(*TENSOR, "dtype"), "bool", "Float32"),
    (at(*TENSOR, "unit"), "x" * 30_000, 1),
    (at("pipeline", "parameters"), "unchanged", [{"name": "huge", "shape": [2**28 + 1]}]),
    (at("files", 0, "bytes"), 2**53, 2**53 + 1),
    (at("files", 0, "bytes"), 0, 1.0),
]


@pytest.mark.parametrize(("change", "inside", "outside"), BOUNDS)
def test_bounds(
    native: NativeReader, full: Tree, change: Callable[[object], Change], inside: object, outside: object
) -> None:
    """Each limit: the last value that is accepted and the first that is not."""
    good, bad = copy.deepcopy(full), copy.deepcopy(full)
    if inside != "unchanged":
        change(inside)(good)
    change(outside)(bad)
    assert agree(native, encoded(good))
    assert not agree(native, encoded(bad))


def test_low_and_high_may_not_both_be_zero(native: NativeReader, full: Tree) -> None:
    tree = copy.deepcopy(full)
    tree["pipeline"]["signals"][0]["tensors"][0].update(low=0.0, high=-0.0)
    assert not agree(native, encoded(tree))


NUMBERS = [-1, 0, 1, 2, 3, 8, 320, 16_000, 16_001, 160_000, 160_001, 10**6, 10**6 + 1, 2**28, 2**31, 2**31 + 1, 2**53]
TEXTS = [
    *("frame", "hop", "prepare", "float16", "audio", "noise", "identity", "template", "left", "next_left"),
    *("audio.pcm", "clock.phase", "noise.draw", "face.pose", "parameter.template", "identity.rest", "a.b.c", "a.b\n"),
    *("audio_encoder.features", "motion_decoder.vertices", "README.md", "readme.md", "reference", "reference/x"),
    *("manifest.json", "a/manifest.json", "com1.txt", "a" * 121, "0" * 64, "é", "A", "_a", "a-"),
]


def nudge(tree: Tree, data: st.DataObject) -> None:
    """One change that the form of the values does not betray: another value of the same kind, or a place copied."""
    leaves = [place for place in places(tree)[1:] if not isinstance(parent_of(tree, place)[place[-1]], dict | list)]
    place = data.draw(st.sampled_from(leaves))
    parent, key = parent_of(tree, place), place[-1]
    if isinstance(parent[key], str):
        texts = [parent_of(tree, leaf)[leaf[-1]] for leaf in leaves]
        parent[key] = data.draw(st.sampled_from(TEXTS + [text for text in texts if isinstance(text, str)]))
    else:
        parent[key] = data.draw(st.sampled_from(NUMBERS) | st.floats(allow_nan=False) | st.booleans())


@settings(deadline=None, max_examples=400)
@given(data=st.data())
@pytest.mark.parametrize("change", [mutate, nudge])
@pytest.mark.parametrize("base", ["toy", "full"])
def test_changed_values(
    native: NativeReader, request: pytest.FixtureRequest, base: str, change: Callable[..., None], data: st.DataObject
) -> None:
    tree = copy.deepcopy(request.getfixturevalue(base))
    for _ in range(data.draw(st.integers(1, 3))):
        change(tree, data)
    agree(native, encoded(tree))


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_changed_bytes(native: NativeReader, full: Tree, data: st.DataObject) -> None:
    text = bytearray(encoded(full))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text) - 1))
        text[start : start + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2) | st.sampled_from([b'"', b",", b"0", b".0", b"\\", b"\xc3\xa9", b"1e3", b"[", b"{}"])
        )
    agree(native, bytes(text))
