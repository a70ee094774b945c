"""Traces survive the disk to the bit, and a hostile trace file is refused with TraceError and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file, save_file

from sdk.bundle import Trace
from sdk.bundle.errors import TraceError
from tests.bundle.conftest import assert_one_line

FLOATS = st.floats(width=32)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}\.[a-z][a-z0-9_]{0,5}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    frames = draw(st.integers(0, 5))
    chunks = draw(st.lists(st.integers(0, 20), max_size=6))
    leaves = tuple(draw(st.lists(NAMES, max_size=3, unique=True)))

    def floats(*shape: int) -> np.ndarray:
        return draw(hnp.arrays(np.float32, shape, elements=FLOATS))

    def increasing() -> np.ndarray:
        steps = draw(st.lists(st.integers(1, 2**40), min_size=frames, max_size=frames))
        return np.cumsum(np.array(steps, np.int64)) - 1

    dtype = draw(st.sampled_from([np.float32, np.int16]))
    return Trace(
        pcm=draw(hnp.arrays(dtype, sum(chunks), elements=FLOATS if dtype is np.float32 else None)),
        sample_rate=draw(st.integers(1, 768_000)),
        chunks=np.array(chunks, np.int64),
        index=increasing(),
        due_sample=increasing(),
        outputs={
            name: floats(frames, *draw(st.sampled_from([(), (2,), (2, 3)])))
            for name in draw(st.sets(NAMES, max_size=3))
        },
        digests=floats(frames, len(leaves), 2),
        digest_names=leaves,
        seconds=floats(frames),
        metadata=draw(st.dictionaries(st.from_regex(r"[a-z ]{1,8}", fullmatch=True), TEXT, max_size=3)),
    )


def same(a: Any, b: Any) -> bool:
    """Equal to the bit, NaN included."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


@settings(deadline=None, max_examples=100)
@given(trace=traces())
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, trace: Trace) -> None:
    path = tmp_path_factory.getbasetemp() / "trace.safetensors"
    trace.save(path)
    loaded = Trace.load(path)
    for field in dataclasses.fields(Trace):
        assert same(getattr(loaded, field.name), getattr(trace, field.name)), field.name


def spoil(path: Path, change: Callable[[dict[str, np.ndarray], dict[str, str]], object]) -> None:
    """Rewrite a trace file by hand."""
    tensors = load_file(path)
    metadata = {"format": "nowface.trace.1", "sample_rate": "16000", "digest_names": "audio_encoder.left,m.a,m.b"}
    change(tensors, metadata)
    save_file(tensors, path, metadata)


@pytest.fixture
def path(toy_bundle: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "trace.safetensors"
    copied.write_bytes((toy_bundle / "vectors.safetensors").read_bytes())
    return copied


def refusal(path: Path) -> str:
    with pytest.raises(TraceError) as caught:
        Trace.load(path)
    assert_one_line(caught.value)
    return str(caught.value)


def test_the_spoiler_alone_does_no_harm(path: Path) -> None:
    spoil(path, lambda tensors, metadata: None)
    assert Trace.load(path).frames == 30


@pytest.mark.parametrize(
    "change",
    [
        lambda t, m: m.update(format="nowface.trace.2"),
        lambda t, m: m.pop("format"),
        lambda t, m: m.pop("sample_rate"),
        lambda t, m: m.update(sample_rate="-1"),
        lambda t, m: m.update(sample_rate="0"),
        lambda t, m: m.update(sample_rate="1e4"),
        lambda t, m: m.update(sample_rate="9" * 5000),
        lambda t, m: m.update(sample_rate="٣"),
        lambda t, m: m.update(digest_names="a.b"),
        lambda t, m: m.update(digest_names="a.b,a.b,a.b"),
        lambda t, m: m.pop("digest_names"),
        lambda t, m: t.pop("pcm"),
        lambda t, m: t.update(surprise=np.zeros(1, np.float32)),
        lambda t, m: t.update(pcm=t["pcm"].reshape(-1, 1)),
        lambda t, m: t.update(pcm=t["pcm"].astype(np.float64)),
        lambda t, m: t.update(pcm=t["pcm"].astype(np.int64)),
        lambda t, m: t.update(pcm=t["pcm"][1:]),
        lambda t, m: t.update(pcm=np.zeros((), np.float32)),
        lambda t, m: t.update(chunks=np.array([2**62, 2**62, 2**62, 2**62, 16000])),
        lambda t, m: t.update(chunks=np.array([-1, 16001])),
        lambda t, m: t.update(chunks=t["chunks"].astype(np.float32)),
        lambda t, m: t.update(index=t["index"][::-1].copy()),
        lambda t, m: t.update(index=t["index"] - 1),
        lambda t, m: t.update(index=np.zeros((), np.int64)),
        lambda t, m: t.update(due_sample=np.zeros_like(t["due_sample"])),
        lambda t, m: t.update(due_sample=t["due_sample"][1:]),
        lambda t, m: t.update(seconds=t["seconds"][1:]),
        lambda t, m: t.update(digests=t["digests"][:, :, 0]),
        lambda t, m: t.update({"output.motion_decoder.vertices": np.zeros((29, 5, 3), np.float32)}),
        lambda t, m: t.update({"output.motion_decoder.vertices": np.zeros((30, 5, 3), np.int64)}),
        lambda t, m: t.update({"output.vertices": np.zeros((30, 5, 3), np.float32)}),
        lambda t, m: t.update({"output.a.b": np.zeros((), np.float32)}),
    ],
)
def test_tensors_that_do_not_fit(path: Path, change: Callable[[dict[str, np.ndarray], dict[str, str]], object]) -> None:
    spoil(path, change)
    refusal(path)


def test_missing_file(tmp_path: Path) -> None:
    refusal(tmp_path / "absent.safetensors")


def test_folder(tmp_path: Path) -> None:
    refusal(tmp_path)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_spoilt_bytes(toy_bundle: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Cut anywhere or changed in the header: loads or raises TraceError."""
    content = bytearray((toy_bundle / "vectors.safetensors").read_bytes())
    at = data.draw(st.integers(0, 1500))
    content[at : at + 3] = data.draw(st.binary(max_size=4))
    del content[data.draw(st.integers(0, 2 * len(content))) :]
    path = tmp_path_factory.getbasetemp() / "spoilt.safetensors"
    path.write_bytes(content)
    try:
        Trace.load(path)
    except TraceError as error:
        assert_one_line(error)
