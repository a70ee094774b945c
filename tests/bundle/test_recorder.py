"""The recorder writes what the session did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdk.bundle import Bundle, Trace, TraceRecorder
from sdk.bundle.digest import leaf_digest
from sdk.runtime.frame import Frame
from tests.toy_bundle import speech_like


@pytest.fixture(scope="module")
def bundle(toy_bundle: Path) -> Bundle:
    return Bundle.open(toy_bundle)


def record(bundle: Bundle, chunks: list[np.ndarray], rate: int | None = None) -> tuple[Trace, list[Frame]]:
    recorder = TraceRecorder(bundle.pipeline, {"device": "test"})
    frames = []
    with bundle.session(observer=recorder) as session:
        for chunk in chunks:
            session.push(chunk, rate)
            frames += list(session.poll())
        session.flush()
        frames += list(session.poll())
    return recorder.trace, frames


def test_frames_and_pushes(bundle: Bundle) -> None:
    pcm = speech_like(5000)
    trace, frames = record(bundle, np.split(pcm, [0, 1, 700, 4000]))
    assert trace.chunks.tolist() == [0, 1, 699, 3300, 1000]
    assert np.array_equal(trace.pcm, pcm)
    assert trace.sample_rate == 16_000
    assert trace.frames == len(frames) == 10
    assert trace.index.tolist() == [frame.index for frame in frames]
    assert trace.due_sample.tolist() == [frame.due_sample for frame in frames]
    assert np.array_equal(trace.outputs["motion_decoder.vertices"], np.stack([frame.values for frame in frames]))
    assert set(trace.outputs) == {"motion_decoder.vertices", "motion_decoder.coefficients"}
    assert (trace.seconds > 0).all()
    assert trace.metadata == {"device": "test"}


def test_digests_are_of_the_state_after_the_frame(bundle: Bundle) -> None:
    """The decoder's `previous` is the hidden vector that the frame gave out as its coefficients."""
    trace, _ = record(bundle, [speech_like(5000)])
    assert trace.digest_names == ("audio_encoder.left", "motion_decoder.previous", "motion_decoder.history")
    expected = [leaf_digest(row) for row in trace.outputs["motion_decoder.coefficients"]]
    assert np.array_equal(trace.digests[:, 1], np.array(expected, np.float32))


def test_integers_stay_integers(bundle: Bundle) -> None:
    pcm = (speech_like(2000) * 32767).astype(np.int16)
    trace, _ = record(bundle, [pcm[:500], pcm[500:]])
    assert trace.pcm.dtype == np.int16
    assert np.array_equal(trace.pcm, pcm)


def test_both_types_become_floats(bundle: Bundle) -> None:
    pcm = (speech_like(2000) * 32767).astype(np.int16)
    trace, _ = record(bundle, [pcm[:500], pcm[500:].astype(np.float32) / 32768])
    assert trace.pcm.dtype == np.float32
    assert np.array_equal(trace.pcm, pcm.astype(np.float32) / 32768)


def test_a_replay_gives_the_same_trace(bundle: Bundle) -> None:
    """The vectors replayed with their own chunks: outputs and digests equal to the bit."""
    vectors = bundle.vectors()
    trace, _ = record(bundle, np.split(vectors.pcm, np.cumsum(vectors.chunks)[:-1]))
    assert np.array_equal(trace.digests, vectors.digests)
    for name, output in vectors.outputs.items():
        assert np.array_equal(trace.outputs[name], output)


def test_what_was_recorded_can_be_kept(bundle: Bundle, tmp_path: Path) -> None:
    trace, _ = record(bundle, [speech_like(2000)])
    trace.save(tmp_path / "trace.safetensors")
    assert Trace.load(tmp_path / "trace.safetensors").frames == trace.frames


def test_nothing_recorded(bundle: Bundle, tmp_path: Path) -> None:
    trace, _ = record(bundle, [])
    assert trace.frames == 0
    trace.save(tmp_path / "trace.safetensors")
    assert Trace.load(tmp_path / "trace.safetensors").outputs["motion_decoder.vertices"].shape == (0, 5, 3)
