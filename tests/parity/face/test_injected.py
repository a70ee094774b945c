"""Errors put into a face that talks: each fails the gate of int8, by the figure that is its own."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.parity.face import NoFace
from sdk.parity.face.view import Sound
from sdk.parity.face_bounds import face_problems
from sdk.parity.tolerances import TOLERANCES, tolerance_for
from tests.parity.face.talking import CLOSURES, FRAMES, JAW, SPEECH, VIEW, measured, sound, weights

INT8 = tolerance_for("int8")


def wrong(candidate: np.ndarray) -> dict[str, str]:
    """What is beyond its bound, and what is said of it."""
    return {problem.where: problem.message for problem in face_problems(measured(candidate), INT8)}


def test_the_face_itself_is_right() -> None:
    found = measured(weights())
    assert (found.lip_error_mm, found.lip_vertex_error_mm, found.lip_vertex_error_mm2) == (0, 0, 0)
    assert (found.upper_error_mm, found.dynamics_deviation_mm2) == (0, 0)
    assert found.closures is not None
    assert (found.closures.reference, found.closures.kept, found.closures.false) == (CLOSURES, CLOSURES, 0)
    assert found.gain == pytest.approx(1)
    assert found.lag_ms == pytest.approx(0, abs=1e-6)
    assert found.jitter_mm == found.reference_jitter_mm == 0
    assert face_problems(found, INT8) == []


def test_what_is_measured_goes_into_the_manifest_by_name() -> None:
    found = measured(np.tile(weights()[20], (FRAMES, 1))).measured()
    assert found["closures_missed"] == CLOSURES
    assert "lag_ms" not in found
    assert found.keys() >= {"lip_error_mm", "lip_vertex_error_mm", "lip_vertex_error_mm2", "dynamics_deviation_mm2"}
    assert all(isinstance(value, float) for value in found.values())


def test_noise_of_8_bits_passes() -> None:
    """A quarter of a step of 1/255 at most, for every channel and frame its own."""
    noise = np.random.default_rng(0).uniform(-0.25, 0.25, (FRAMES, 52)).astype(np.float32) / 255
    found = measured(weights() + noise)
    assert 0 < found.lip_error_mm < 0.05
    assert face_problems(found, INT8) == []


def test_a_scale_off_by_two_percent() -> None:
    assert "1.02 times as far as the reference; allowed 0.99 to 1.01" in wrong(weights() * 1.02)["face.gain"]
    assert "face.gain" in wrong(weights() * np.float32(0.98))


def test_one_frame_late() -> None:
    late = np.concatenate([weights()[:1], weights()[:-1]])
    found = wrong(late)
    assert {"face.lag", "face.lip_error"} <= found.keys()
    assert "it moves late: lag 33" in found["face.lag"]
    early = np.concatenate([weights()[1:], weights()[-1:]])
    assert "it moves early: lag 33" in wrong(early)["face.lag"]


def test_one_sample_of_the_fine_clock_late() -> None:
    """5 ms: a seventh of a frame."""
    whole = weights()
    late = whole.copy()
    late[1:] = whole[1:] + np.float32(0.15) * (whole[:-1] - whole[1:])
    assert "face.lag" in wrong(late)


def test_frozen_lips() -> None:
    frozen = np.tile(weights()[20], (FRAMES, 1))
    found = wrong(frozen)
    assert {"face.lip_error", "face.closures", "face.gain"} <= found.keys()
    assert f"{CLOSURES} of the reference's {CLOSURES} lip closures are missed" in found["face.closures"]


def test_lips_that_no_longer_meet() -> None:
    open_lips = weights()
    open_lips[:SPEECH, JAW] = np.maximum(open_lips[:SPEECH, JAW], 0.05)
    assert "face.closures" in wrong(open_lips)


def test_lips_that_meet_where_they_must_not() -> None:
    shut = weights()
    shut[19:22, JAW] = shut[39:42, JAW] = 0
    found = wrong(shut)
    assert "2 of 8 lip closures are not the reference's" in found["face.false_closures"]


def test_trembling_in_silence() -> None:
    trembles = weights()
    trembles[SPEECH:, JAW] += np.float32(0.001) * (-1) ** np.arange(FRAMES - SPEECH)
    assert wrong(trembles).keys() == {"face.jitter"}


def test_a_brow_that_moves_too_little_deviates_in_its_dynamics() -> None:
    still = weights()
    still[:, 41:46] *= 0.5
    found = measured(still)
    assert found.upper_error_mm is not None
    assert found.dynamics_deviation_mm2 is not None
    assert found.upper_error_mm > 0.05
    assert found.dynamics_deviation_mm2 > 0.01


def test_values_that_are_not_finite_have_no_figures() -> None:
    broken = weights()
    broken[50, 3] = np.nan
    assert VIEW.figures(weights(), broken, sound()) == NoFace("a value is not finite")


def test_after_another_choice_only_the_motion_is_told() -> None:
    other = weights()
    other[100:] = 0
    found = VIEW.figures(weights(), other, sound(), parted=100, moving=slice(30, None))
    assert not isinstance(found, NoFace)
    assert (found.frames, found.lip_error_mm) == (100, 0)
    assert found.after is not None
    assert found.after.frames == FRAMES - 30
    assert found.after.motion_mm < found.after.reference_motion_mm
    # From frame 30 on the reference's lips close around 50, 70, 90 and 110; the candidate's stay shut after the third.
    assert (found.after.reference_closures, found.after.closures) == (4, 3)
    parted_at_once = VIEW.figures(weights(), other, sound(), parted=0, moving=slice(0, None))
    assert parted_at_once == NoFace("no frame came before the first other choice")


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_stream_of_a_few_frames_has_the_figures_that_it_can_have(frames: int) -> None:
    heard = sound()
    few = Sound(heard.pcm, heard.sample_rate, heard.due_sample[:frames])
    found = VIEW.figures(weights()[:frames], weights()[:frames] + np.float32(0.01), few)
    assert not isinstance(found, NoFace)
    assert (found.frames, found.lag_ms, found.jitter_mm) == (frames, None, None)
    assert found.lip_error_mm > 0


def test_a_bound_that_is_none_judges_nothing() -> None:
    frozen = measured(np.tile(weights()[20], (FRAMES, 1)))
    assert face_problems(frozen, TOLERANCES["fp32"].tolerance) == []
