"""The calibration: what it is made of, and which steps of a model it keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.calibration.recording import balanced_frames, record_steps
from export.calibration.sound import LOUD_PEAK, QUIET_PEAK, calibration_sound
from export.plan import calibration_speech
from sdk.models.registry import BuildOptions
from sdk.runtime import EagerExecutor
from tests.toy import ENTRY


@pytest.fixture(scope="module")
def speech():
    return calibration_speech(None)


def test_a_sound_has_loud_quiet_and_noisy_speech_and_silence(speech):
    sound = calibration_sound(speech)
    assert sound.pcm.dtype == np.float32
    assert np.abs(sound.pcm).max() == pytest.approx(LOUD_PEAK, rel=1e-3)
    two_seconds = np.abs(sound.pcm[: 12 * 16_000].reshape(6, -1)).max(1)
    assert two_seconds[1] == pytest.approx(QUIET_PEAK, rel=1e-3)
    assert not sound.pcm[-16_000:-8_000].any()
    assert 0 < np.abs(sound.pcm[-8_000:]).max() < 0.01


def test_the_hash_tells_sounds_apart(speech):
    assert calibration_sound(speech).sha256 == calibration_sound(speech.copy()).sha256
    assert calibration_sound(speech).sha256 != calibration_sound(speech * np.float32(0.5) + 1e-4).sha256
    assert calibration_sound(speech).sha256 != calibration_sound(speech, seed=1).sha256


def test_a_second_of_speech_is_enough(speech):
    assert len(calibration_sound(speech[:16_000]).pcm) == 6 * 16_000 + 16_000


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 300), st.integers(1, 100), st.integers(0, 2**32 - 1))
def test_chosen_frames_are_in_order_and_within(frames, count, seed):
    values = np.random.default_rng(seed).normal(size=(frames, 5, 3)).astype(np.float32)
    chosen = balanced_frames(values, count)
    assert len(chosen) >= 1
    assert (np.diff(chosen) > 0).all()
    assert 0 <= chosen[0] <= chosen[-1] < frames


def test_rare_shapes_are_chosen_beside_frequent_ones():
    values = np.zeros((1000, 4), np.float32)
    values[500:505] = [1, 0, 0, 0]
    values[700:703] = [0, 2, 0, 0]
    chosen = set(balanced_frames(values, 30).tolist())
    assert chosen & set(range(500, 505))
    assert chosen & set(range(700, 703))
    assert len(chosen) < 60


def test_recorded_steps_are_what_the_stages_saw(speech):
    staged = ENTRY.build(BuildOptions())
    recording = record_steps(staged, calibration_sound(speech[:32_000]), steps=16)
    assert len(recording["identity"]) == 1
    assert 10 <= len(recording["audio_encoder"]) <= 64
    assert 10 <= len(recording["motion_decoder"]) <= 64
    assert any(step["pcm"].any() for step in recording["audio_encoder"])
    results = EagerExecutor(staged.stages).run("motion_decoder", recording["motion_decoder"][5])
    assert np.isfinite(results["vertices"]).all()
