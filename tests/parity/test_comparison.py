"""The comparison of two traces: what is equal passes, and every way to be wrong is found and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.bundle.trace import Trace
from sdk.parity import compare
from sdk.parity.findings import DigestError
from sdk.parity.tolerances import tolerance_for
from tests.parity.streams import CHANNELS, TENSORS, VERTICES, make_trace, with_output, without_frame

TOLERANCE = tolerance_for("fp32")
TRACE = make_trace()


def shifted(trace: Trace) -> Trace:
    return with_output(trace, VERTICES, np.concatenate([trace.outputs[VERTICES][:1], trace.outputs[VERTICES][:-1]]))


def swapped(trace: Trace) -> Trace:
    return with_output(trace, CHANNELS, trace.outputs[CHANNELS][:, :, [1, 0, 2, 3]])


def scaled(trace: Trace) -> Trace:
    return with_output(trace, VERTICES, trace.outputs[VERTICES] * np.float32(1.001))


def stuck(trace: Trace) -> Trace:
    values = trace.outputs[VERTICES]
    return with_output(trace, VERTICES, np.repeat(values[:1], len(values), 0))


def poisoned(trace: Trace) -> Trace:
    values = trace.outputs[CHANNELS].copy()
    values[9, 0, 2] = np.nan
    return with_output(trace, CHANNELS, values)


def stale_state(trace: Trace) -> Trace:
    digests = trace.digests.copy()
    digests[5:, 1] = digests[4, 1]
    return replace(trace, digests=digests)


def wrong_due(trace: Trace) -> Trace:
    due = trace.due_sample.copy()
    due[12] -= 1
    return replace(trace, due_sample=due)


def dropped_chunk(trace: Trace) -> Trace:
    return replace(trace, pcm=np.delete(trace.pcm, slice(300, 400)), chunks=np.delete(trace.chunks, 3))


def lost_chunk(trace: Trace) -> Trace:
    return replace(trace, chunks=np.delete(trace.chunks, 3))


SPOILED: list[tuple[Callable[[Trace], Trace], str, str, int | None, str]] = [
    (shifted, "output", VERTICES, 1, "1 frame late"),
    (swapped, "output", CHANNELS, 0, "elements 0 and 1 are swapped"),
    (scaled, "output", VERTICES, 0, "times 1.001"),
    (stuck, "output", VERTICES, 1, "never changes"),
    (poisoned, "nonfinite", CHANNELS, 9, "1 values are NaN"),
    (stale_state, "state", "encoder.left", 5, "frame 5"),
    (wrong_due, "clock", "due_sample", 12, "1 frames differ"),
    (dropped_chunk, "input", "pcm", None, "samples were pushed"),
    (lost_chunk, "input", "chunks", None, "chunks hold"),
    (lambda t: without_frame(t, 17), "frames", "index", 17, "1 missing frames, first 17"),
    (lambda t: replace(t, index=t.index + 1), "frames", "index", 0, "1 missing frames, first 0"),
    (lambda t: replace(t, sample_rate=48000), "input", "sample_rate", None, "48000"),
    (lambda t: replace(t, pcm=-t.pcm), "input", "pcm", None, "from sample 0"),
    (lambda t: replace(t, outputs={VERTICES: t.outputs[VERTICES]}), "missing", CHANNELS, None, "no such output"),
    (lambda t: replace(t, outputs={**t.outputs, "a.b": t.seconds}), "missing", "a.b", None, "reference has no"),
    (lambda t: with_output(t, CHANNELS, t.outputs[CHANNELS][:, :, :3]), "shape", CHANNELS, None, "(1, 3)"),
    (
        lambda t: replace(t, digests=t.digests[:, :1], digest_names=t.digest_names[:1]),
        "missing",
        "encoder.left",
        None,
        "",
    ),
    (lambda t: replace(t, digests=np.full_like(t.digests, np.nan)), "state", "decoder.history", 0, "not finite"),
]


@pytest.mark.parametrize(("spoil", "kind", "where", "step", "text"), SPOILED)
def test_whatever_is_wrong_is_found_and_named(
    spoil: Callable[[Trace], Trace], kind: str, where: str, step: int | None, text: str
) -> None:
    comparison = compare(TRACE, spoil(TRACE), TOLERANCE, tensors=TENSORS)
    assert not comparison.passed
    found = [p for p in comparison.problems if p.kind == kind and p.where == where and text in p.message]
    assert found, comparison.problems
    assert found[0].step == step


def test_a_trace_equals_itself() -> None:
    comparison = compare(TRACE, TRACE, TOLERANCE, tensors=TENSORS)
    assert comparison.passed
    assert comparison.frames == 40
    assert [error.name for error in comparison.outputs] == [CHANNELS, VERTICES]
    assert comparison.first_bad_step is None
    assert [state.name for state in comparison.states] == list(TRACE.digest_names)


def test_other_chunks_of_the_same_samples_pass() -> None:
    assert compare(TRACE, replace(TRACE, chunks=np.array([len(TRACE.pcm)])), TOLERANCE).passed


def test_distances_are_given_for_vertices_only() -> None:
    channels, vertices = compare(TRACE, TRACE, TOLERANCE, tensors=TENSORS).outputs
    assert channels.distance is None
    assert vertices.distance is not None
    assert vertices.unit == "mm"


def test_the_first_state_to_diverge_is_named_first() -> None:
    digests = TRACE.digests.copy()
    digests[20:, 0] += 1
    digests[8:, 1] += 1
    problems = compare(TRACE, replace(TRACE, digests=digests), TOLERANCE).problems
    assert [(p.where, p.step) for p in problems] == [("encoder.left", 8), ("decoder.history", 20)]


def test_digest_error_is_relative_to_the_largest_rms() -> None:
    digests = TRACE.digests.copy()
    digests[3, 0, 1] += 0.25
    comparison = compare(TRACE, replace(TRACE, digests=digests), TOLERANCE)
    error = comparison.states[0]
    assert isinstance(error, DigestError)
    assert error.max_relative == pytest.approx(0.25 / TRACE.digests[:, 0, 0].max(), rel=1e-5)


def test_small_error_everywhere_fails_on_rms_alone() -> None:
    """Below the bound of the largest error at each element, above the bound of the RMS."""
    values = TRACE.outputs[VERTICES]
    travel = np.ptp(values, axis=0).max()
    comparison = compare(TRACE, with_output(TRACE, VERTICES, values + 0.7e-4 * travel), TOLERANCE)
    assert [p.where for p in comparison.problems] == [VERTICES]
    assert "RMS" in comparison.problems[0].message


def test_empty_streams_prove_nothing() -> None:
    empty = make_trace(frames=0)
    assert "nothing can be compared" in compare(empty, empty, TOLERANCE).problems[0].message


def test_a_reference_that_is_not_finite_proves_nothing() -> None:
    broken = poisoned(TRACE)
    assert "reference itself" in compare(broken, broken, TOLERANCE).problems[0].message


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 20))
def test_any_trace_equals_itself(seed: int, frames: int) -> None:
    trace = make_trace(frames, seed)
    assert compare(trace, trace, TOLERANCE, tensors=TENSORS).passed


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    times=st.floats(1.2, 1e6),
    frame=st.integers(0, 19),
    element=st.integers(0, 20),
    sign=st.sampled_from([-1, 1]),
)
def test_one_value_beyond_tolerance_fails_at_its_frame(
    seed: int, times: float, frame: int, element: int, sign: int
) -> None:
    trace = make_trace(20, seed)
    values = trace.outputs[VERTICES].astype(np.float64)
    reach = np.ptp(values, axis=0).max()
    values.reshape(20, -1)[frame, element] += sign * times * TOLERANCE.max_abs_of_range * max(reach, 1.0)
    comparison = compare(trace, with_output(trace, VERTICES, values), TOLERANCE, tensors=TENSORS)
    assert not comparison.passed
    assert comparison.first_bad_step == frame
    assert comparison.outputs[1].worst_element == (element // 3, element % 3)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0, 0.15))
def test_noise_below_tolerance_passes(seed: int, scale: float) -> None:
    trace = make_trace(20, seed)
    values = trace.outputs[CHANNELS]
    noise = np.random.default_rng(seed).uniform(-1, 1, values.shape) * scale * TOLERANCE.max_abs_of_range
    noisy = values + noise * np.ptp(values, axis=0).max()
    assert compare(trace, with_output(trace, CHANNELS, noisy), TOLERANCE, tensors=TENSORS).passed
