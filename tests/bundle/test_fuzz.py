"""Whatever is done to a manifest, opening the bundle works or raises BundleError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.bundle import Bundle
from sdk.bundle.reading import parse_manifest
from sdk.errors import BundleError
from tests.bundle.conftest import assert_one_line

ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**32, 2**53, 2**63, -(2**63)]),
    st.floats(),
    st.text(),
    st.sampled_from(
        ["", "..", "/", "audio.pcm", "clock.phase", "a.b", "fp32", "identity", "README.md", "\x00", "\ud800", "\x1b[2J"]
    ),
)
VALUES = st.recursive(ATOMS, lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(), child, max_size=4))


@pytest.fixture(scope="session")
def manifest(toy_bundle: Path) -> str:
    return (toy_bundle / "manifest.json").read_text()


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value of a JSON tree."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, child in children for place in places(child, (*here, key)))]


def parent_of(tree: Any, place: tuple[Any, ...]) -> Any:
    for step in place[:-1]:
        tree = tree[step]
    return tree


def mutate(tree: Any, data: st.DataObject) -> None:
    """One change anywhere: another value, a value from elsewhere, a key less, a key more, a list entry twice."""
    all_places = places(tree)[1:]
    place = data.draw(st.sampled_from(all_places))
    parent, key = parent_of(tree, place), place[-1]
    kind = data.draw(st.sampled_from(["replace", "copy", "remove", "add", "twice"]))
    if kind == "replace":
        parent[key] = data.draw(VALUES)
    elif kind == "copy":
        source = data.draw(st.sampled_from(all_places))
        parent[key] = json.loads(json.dumps(parent_of(tree, source)[source[-1]]))
    elif kind == "remove":
        del parent[key]
    elif isinstance(parent, dict):
        parent[data.draw(st.text())] = data.draw(VALUES)
    else:
        parent.append(parent[key] if kind == "twice" else data.draw(VALUES))


def opens_or_refuses(folder: Path, data: bytes) -> bool:
    (folder / "manifest.json").write_bytes(data)
    try:
        Bundle.open(folder)
    except BundleError as error:
        assert_one_line(error)
        return False
    return True


@pytest.fixture(scope="session")
def victim(toy_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy for all examples: only its manifest is rewritten."""
    folder = tmp_path_factory.mktemp("victim")
    for path in toy_bundle.rglob("*"):
        target = folder / path.relative_to(toy_bundle)
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())
    return folder


@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_changed_values(victim: Path, manifest: str, data: st.DataObject) -> None:
    tree = json.loads(manifest)
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(tree, data)
    opens_or_refuses(victim, json.dumps(tree).encode("utf-8", "surrogatepass"))


@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_changed_bytes(victim: Path, manifest: str, data: st.DataObject) -> None:
    text = bytearray(manifest.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    opens_or_refuses(victim, bytes(text))


@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(BundleError):
        parse_manifest(data, "manifest.json")


def test_the_unchanged_manifest_opens(victim: Path, manifest: str) -> None:
    """The fuzz tests would prove nothing if the victim never opened."""
    assert opens_or_refuses(victim, manifest.encode())
