"""Replays, and the gate's first duty: each way an artefact can be wrong is found in the mode that can see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk import Bundle
from sdk.bundle.trace import Trace
from sdk.errors import NumericalError
from sdk.models.registry import BuildOptions
from sdk.parity import Comparison, compare
from sdk.parity.replay import closed_loop, play, record, repeat_audio
from sdk.parity.teacher import TeacherForcedExecutor, teacher_forced
from sdk.parity.tolerances import tolerance_for
from sdk.runtime.eager import EagerExecutor
from sdk.runtime.executor import Executor
from tests.parity import fakes
from tests.toy import ENTRY, toy_pipeline, toy_stages
from tests.toy_bundle import speech_like

TOLERANCE = tolerance_for("fp32")
PIPELINE = toy_pipeline(toy_stages())
PARAMETERS = ENTRY.build(BuildOptions()).parameters
PCM = speech_like(16_000)
CHUNKS = [1600] * 10


def stream(executor: Executor) -> Trace:
    return record(PIPELINE, executor, PARAMETERS, PCM, CHUNKS)


def taught(executor: Executor) -> Comparison:
    teacher = TeacherForcedExecutor(PIPELINE, EagerExecutor(toy_stages()), executor)
    play(PIPELINE, teacher, PARAMETERS, PCM, CHUNKS, sample_rate=16_000, on_frame=None)
    return teacher.comparison(TOLERANCE)


REFERENCE = stream(EagerExecutor(toy_stages()))


def test_an_executor_equals_itself_in_both_modes() -> None:
    comparison = compare(REFERENCE, stream(EagerExecutor(toy_stages())), TOLERANCE)
    assert comparison.passed
    assert all(error.max_abs == 0 for error in comparison.outputs)
    forced = taught(EagerExecutor(toy_stages()))
    assert forced.passed
    assert forced.frames == REFERENCE.frames == 30


def test_teacher_forced_meters_every_output_and_state_of_every_stage() -> None:
    forced = taught(EagerExecutor(toy_stages()))
    assert {error.name: error.steps for error in forced.outputs} == {
        "audio_encoder.features": 50,
        "identity.rest": 1,
        "identity.style_embedding": 1,
        "motion_decoder.coefficients": 30,
        "motion_decoder.vertices": 30,
    }
    assert [state.name for state in forced.states] == [
        "audio_encoder.left",
        "motion_decoder.previous",
        "motion_decoder.history",
    ]


WRONG: list[tuple[str, Callable[[], Executor], str, str | None]] = [
    ("a perturbed weight", lambda: fakes.perturbed(0.02), "motion_decoder.vertices", "motion_decoder.coefficients"),
    ("a shifted frame", fakes.shifted, "motion_decoder.vertices", "motion_decoder.vertices"),
    ("a swapped channel", fakes.swapped, "motion_decoder.coefficients", "motion_decoder.coefficients"),
    ("a scaled output", lambda: fakes.scaled(1.001), "motion_decoder.vertices", "motion_decoder.vertices"),
    (
        "a stale decoder state",
        lambda: fakes.stale("motion_decoder", "previous"),
        "motion_decoder.vertices",
        "motion_decoder.previous",
    ),
    (
        "a stale encoder state",
        lambda: fakes.stale("audio_encoder", "left"),
        "motion_decoder.vertices",
        "audio_encoder.left",
    ),
    ("one NaN", lambda: fakes.poisoned(9, 9), "restarts", "motion_decoder.vertices"),
]


@pytest.mark.parametrize(("executor", "closed", "forced"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_artefact_fails_in_both_modes_and_is_named(
    executor: Callable[[], Executor], closed: str, forced: str
) -> None:
    assert closed in {p.where for p in compare(REFERENCE, stream(executor()), TOLERANCE).problems}
    problems = taught(executor()).problems
    assert problems
    assert problems[0].where == forced


def test_a_stale_state_shows_in_its_digest_before_any_output_is_needed() -> None:
    problems = compare(REFERENCE, stream(fakes.stale("audio_encoder", "left")), TOLERANCE).problems
    assert ("state", "audio_encoder.left", 0) in {(p.kind, p.where, p.step) for p in problems}


def test_lasting_nan_stops_the_stream() -> None:
    with pytest.raises(NumericalError):
        stream(fakes.poisoned(9, 99))


def test_a_perturbation_below_tolerance_passes_in_both_modes() -> None:
    executor = fakes.perturbed(1e-6)
    comparison = compare(REFERENCE, stream(executor), TOLERANCE)
    assert comparison.passed, comparison.problems
    assert any(error.max_abs > 0 for error in comparison.outputs)
    assert taught(fakes.perturbed(1e-6)).passed


def test_stages_that_never_ran_are_a_problem() -> None:
    teacher = TeacherForcedExecutor(PIPELINE, EagerExecutor(toy_stages()), EagerExecutor(toy_stages()))
    play(PIPELINE, teacher, PARAMETERS, PCM[:0], [], sample_rate=16_000, on_frame=None)
    assert {p.where for p in teacher.comparison(TOLERANCE).problems} == {"audio_encoder", "motion_decoder"}


def test_a_bundle_replays_its_own_vectors_exactly(toy_bundle: Path) -> None:
    with Bundle.open(toy_bundle) as bundle:
        vectors = bundle.vectors()
        seen: list[int] = []
        trace = closed_loop(bundle, "eager", None, vectors.pcm, vectors.chunks, on_frame=seen.append)
        comparison = compare(vectors, trace, TOLERANCE)
        forced = teacher_forced(bundle, "eager", None, vectors.pcm, vectors.chunks, tolerance=TOLERANCE)
    assert comparison.passed
    assert seen == list(range(1, 31))
    assert trace.metadata["target"] == "eager"
    assert trace.metadata["model"] == "toy"
    assert forced.passed


def test_a_push_longer_than_any_queue_is_replayed_whole() -> None:
    trace = record(PIPELINE, EagerExecutor(toy_stages()), PARAMETERS, PCM, [len(PCM)])
    assert compare(REFERENCE, trace, TOLERANCE).passed


@settings(deadline=None, max_examples=20)
@given(
    frames=st.integers(1, 100),
    fps=st.sampled_from(["24", "25", "30", "29.97", "60", "90", "120"]),
    rate=st.sampled_from([8000, 16_000, 22_050, 44_100, 48_000]),
)
def test_repeated_audio_gives_exactly_the_frames_asked_for(frames: int, fps: str, rate: int) -> None:
    pipeline = toy_pipeline(toy_stages(), fps)
    vectors = Trace(
        **{
            **vars(REFERENCE),
            "pcm": np.arange(1000, dtype=np.float32) / 1000,
            "chunks": np.array([300, 0, 650, 50]),
            "sample_rate": rate,
        }
    )
    pcm, chunks = repeat_audio(vectors, frames, pipeline)
    assert chunks.sum() == len(pcm)
    assert (chunks > 0).all()
    np.testing.assert_array_equal(pcm, np.tile(vectors.pcm, len(pcm) // 1000 + 1)[: len(pcm)])
    at_16k = -(-len(pcm) * 16_000 // rate)
    assert int(np.ceil(at_16k * pipeline.frame_rate.fraction / 16_000)) == frames
