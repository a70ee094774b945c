"""NaN and infinities, from the microphone and from the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from sdk.errors import NumericalError
from sdk.runtime import Frame, Session
from sdk.runtime.executor import Array
from tests.runtime.streams import (
    HOP,
    TOY,
    TOY_EXECUTOR,
    RampExecutor,
    as_float,
    assert_same,
    hops_seen,
    noise,
    ramp,
    ramp_pipeline,
    same,
    take,
    toy_pipeline,
    toy_session,
    whole,
)

PCM = as_float(noise(16_000))
EXPECTED = whole(toy_session(), PCM)


class Poisoned:
    """The toy's executor; `poison` may write into what a call of a stage gave."""

    target, precision = "poisoned", "fp32"

    def __init__(self, poison: Callable[[str, int, dict[str, Array]], None]) -> None:
        self.poison = poison
        self.calls = dict.fromkeys(("audio_encoder", "identity", "motion_decoder"), 0)

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        results = TOY_EXECUTOR.run(stage, tensors)
        self.poison(stage, self.calls[stage], results)
        self.calls[stage] += 1
        return results

    def close(self) -> None: ...


def once(stage: str, call: int, tensor: str, value: float = np.nan) -> Callable[[str, int, dict[str, Array]], None]:
    def poison(at: str, number: int, results: dict[str, Array]) -> None:
        if (at, number) == (stage, call):
            results[tensor].flat[-1] = value

    return poison


def poisoned_session(poison: Callable[[str, int, dict[str, Array]], None], **options: object) -> Session:
    return Session(toy_pipeline(), Poisoned(poison), TOY.parameters, **options)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_samples_are_zeros(value: float) -> None:
    """Oracle: the same stream with zeros in their place."""
    broken, mended = PCM.copy(), PCM.copy()
    broken[1_000:1_010], mended[1_000:1_010] = value, 0
    session = toy_session()
    assert_same(whole(session, broken), whole(toy_session(), mended))
    assert session.report.non_finite_samples == 10
    (event,) = session.events
    assert (event.kind, event.sample, event.count) == ("non_finite_audio", 0, 10)


def test_non_finite_samples_do_not_spread_through_the_resampler() -> None:
    broken, mended = PCM.copy(), PCM.copy()
    broken[5_000], mended[5_000] = np.nan, 0
    session = toy_session()
    assert_same(whole(session, broken, 44_100), whole(toy_session(), mended, 44_100))
    assert session.report.restarts == 0


def test_loud_samples_are_clipped_and_counted() -> None:
    """Also those whose square is infinite: they must not pass for a broken model."""
    loud = PCM.copy()
    loud[2_000:2_003] = 1.5, -7, 3e38
    mended = PCM.copy()
    mended[2_000:2_003] = 1, -1, 1
    session = toy_session()
    assert_same(whole(session, loud), whole(toy_session(), mended))
    assert session.report.clipped_samples == 3
    assert [event.kind for event in session.events] == ["clipped_audio"]


def test_the_callers_samples_are_not_touched() -> None:
    broken = np.array([np.nan, 4, 0.5], np.float32)
    toy_session().push(broken)
    assert broken.tolist()[1:] == [4, 0.5]
    assert np.isnan(broken[0])


def test_full_scale_int16_is_finite_and_exact() -> None:
    extremes = np.tile(np.array([-32768, 32767], np.int16), 3_000)
    session = toy_session()
    assert_same(whole(session, extremes), whole(toy_session(), as_float(extremes)))
    assert session.report.clipped_samples == 0


def test_silence_gives_frames() -> None:
    frames = whole(toy_session(), np.zeros(16_000, np.int16))
    assert len(frames) == 30
    assert all(np.isfinite(frame.values).all() for frame in frames)


@pytest.mark.parametrize("tensor", ["coefficients", "vertices"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_frame_that_breaks_once_is_run_again_from_the_start_state(tensor: str, value: float) -> None:
    session = poisoned_session(once("motion_decoder", 7, tensor, value))
    frames = whole(session, PCM)
    assert [frame.index for frame in frames] == list(range(30))
    assert all(np.isfinite(array).all() for frame in frames for array in frame.outputs.values())
    assert_same(frames[:7], EXPECTED[:7])
    assert not same(frames[7], EXPECTED[7])
    assert session.report.restarts == 1
    (event,) = session.events
    assert (event.kind, event.count) == ("restarted_state", 1)
    assert event.sample == EXPECTED[7].due_sample // HOP * HOP
    assert f"motion_decoder.{tensor} was not finite" in event.message
    assert "frame 7" in event.message


def test_a_restart_starts_from_zero_states_and_windows() -> None:
    """Oracle: a new session that is pushed the same audio from the broken hop on sees the same hops and states.

    At 50 frames a second a frame is due with every hop, so both clocks agree.
    """
    at = 20
    poison = once("audio_encoder", at, "features")
    session = Session(toy_pipeline("50"), Poisoned(poison), TOY.parameters)
    fresh = Session(toy_pipeline("50"), TOY_EXECUTOR, TOY.parameters)
    frames, expected = whole(session, PCM), whole(fresh, PCM[at * HOP :])
    for frame, other in zip(frames[at:], expected, strict=True):
        assert frame.values.tobytes() == other.values.tobytes()


class HiddenFault(RampExecutor):
    """The ramp's executor whose ear breaks its own state at one hop; no output ever shows that state."""

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        results = super().run(stage, tensors)
        if stage == "ear" and results["hops_run"].item() == 5:
            results["hops_run"][:] = np.nan
        return results


def test_a_broken_state_is_found_at_the_health_interval() -> None:
    """With an interval of 10 the tenth frame finds it; that frame is run again from the start state."""
    session = Session(ramp_pipeline(), HiddenFault(), {}, health_interval=10)
    session.push(ramp(16_000))
    frames = take(session, 9)
    assert session.report.restarts == 0
    assert np.isnan(session.snapshot().state.states["ear"]["hops_run"])
    frames += take(session, 1)
    assert session.report.restarts == 1
    assert "ear.hops_run was not finite" in session.events[0].message
    assert session.snapshot().state.states["ear"]["hops_run"] == 0
    frames_run = [frame.values[-1] for frame in frames]
    assert frames_run == [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]
    assert hops_seen(frames)[8:] == [(27, 28, 29), (-1, -1, -1)]


def test_a_model_that_is_always_broken_raises_and_the_session_survives() -> None:
    broken = [True]

    def poison(at: str, number: int, results: dict[str, Array]) -> None:
        if at == "motion_decoder" and number >= 5 and broken[0]:
            results["vertices"][:] = np.nan

    session = poisoned_session(poison)
    session.push(PCM)
    frames = take(session, 5)
    for _ in range(2):
        with pytest.raises(NumericalError, match=r"motion_decoder\.vertices: not finite on poisoned fp32 at frame 5"):
            next(session.poll())
    assert session.report.restarts == 0
    broken[0] = False
    session.flush()
    assert_same([*frames, *session.poll()], EXPECTED)


def test_a_broken_prepare_stage_raises_at_once() -> None:
    with pytest.raises(NumericalError, match=r"identity\.rest: not finite .* while the session was prepared"):
        poisoned_session(once("identity", 0, "rest"))


def test_an_executor_that_raises_loses_nothing() -> None:
    fails = [True]

    def poison(at: str, number: int, results: dict[str, Array]) -> None:
        if fails[0] and number == 4:
            fails[0] = False
            raise OSError("device lost")

    session = poisoned_session(poison)
    session.push(PCM)
    session.flush()
    frames: list[Frame] = []
    with pytest.raises(OSError, match="device lost"):
        frames.extend(session.poll())
    assert frames
    assert_same([*frames, *session.poll()], EXPECTED)
