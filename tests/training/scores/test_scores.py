"""Scores against known errors: each is put into a perfect animation, and the score that names it must show it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sdk.rigs.arkit import ARKIT_52
from sdk.training.phones import VOWELS, TimedPhone
from sdk.training.scores import LoudnessFace, MeanFace, ScoredClip, Scores, gap_mm, score, table
from sdk.training.teacher import MotionCurve, motion_curve
from tests.training.sentences import random_sentence, sentence, speak

FPS = 30
JAW, CLOSE, PUCKER, ROLL = (ARKIT_52.index(name) for name in ("jawOpen", "mouthClose", "mouthPucker", "mouthRollLower"))


@cache
def spoken(seed: int) -> tuple[tuple[TimedPhone, ...], np.ndarray, MotionCurve, np.ndarray]:
    phones = random_sentence(seed, 150)
    pcm = speak(phones)
    times = np.arange(0, phones[-1].end - 0.02, 1 / FPS)
    return tuple(phones), pcm, motion_curve(phones, pcm, seed), times


@cache
def perfect(seed: int = 0) -> ScoredClip:
    phones, _, curve, times = spoken(seed)
    weights = curve.weights(times)
    return ScoredClip(weights, weights, times, phones, curve.closures)


def changed(clip: ScoredClip, weights: np.ndarray) -> ScoredClip:
    return replace(clip, predicted=np.clip(weights, 0, 1).astype(np.float32))


def delayed(seconds: float, seed: int = 0) -> ScoredClip:
    _, _, curve, times = spoken(seed)
    return changed(perfect(seed), curve.weights(times - seconds))


def without_closures(clip: ScoredClip) -> ScoredClip:
    weights = clip.reference.copy()
    weights[:, CLOSE] = 0
    weights[:, JAW] = np.maximum(weights[:, JAW], 0.1)
    return changed(clip, weights)


def test_a_perfect_animation_has_perfect_scores():
    result = score([perfect(0), perfect(1)])
    assert result.clips == 2
    assert result.frames == sum(len(perfect(seed).times) for seed in (0, 1))
    assert result.closures > 15
    assert result.open_vowels > 40
    assert result.mouth_mae == result.gap_mae_mm == 0
    assert result.gap_correlation == pytest.approx(1)
    assert result.pucker_correlation == pytest.approx(1)
    assert result.lag_ms == pytest.approx(0, abs=0.1)
    assert result.hit_rate == 1
    assert result.late_ms == result.late_p90_ms == 0
    assert result.false_closure_rate == 0
    assert result.teeth_rate == 1
    assert result.jerk_mm == result.reference_jerk_mm > 0
    assert result.motion_mm == result.reference_motion_mm > 0.5
    assert result.rest_mm < 0.05 * result.motion_mm


@pytest.mark.parametrize("late", [0.033, 0.1, -0.05])
def test_a_delay_is_found_as_lag(late):
    result = score([delayed(late, seed) for seed in (0, 1)])
    assert result.lag_ms == pytest.approx(late * 1000, abs=3)
    assert result.gap_correlation < 0.97


def test_a_delay_closes_late():
    assert score([delayed(0.033)]).late_ms == pytest.approx(33, abs=6)
    assert score([delayed(0.033)]).hit_rate > 0.95
    assert score([delayed(0.2)]).hit_rate < 0.7


def test_a_mouth_that_never_closes_hits_nothing():
    result = score([without_closures(perfect())])
    assert result.hit_rate == 0
    assert math.isnan(result.late_ms)


def test_open_vowels_held_closed_are_false_closures():
    clip = perfect()
    weights = clip.reference.copy()
    for phone in clip.phones:
        if phone.name in VOWELS:
            during = (clip.times > phone.start - 0.04) & (clip.times < phone.end + 0.04)
            weights[during] = 0
    assert score([changed(clip, weights)]).false_closure_rate == 1


@pytest.mark.parametrize(("share", "rate"), [(0.0, 0.0), (0.45, 0.0), (0.55, 1.0)])
def test_a_lip_that_stays_away_from_the_teeth_is_told(share, rate):
    clip = perfect()
    weights = clip.reference.copy()
    weights[:, ROLL] *= share
    assert score([changed(clip, weights)]).teeth_rate == rate


def test_a_lip_that_is_always_at_the_teeth_is_told():
    clip = perfect()
    weights = clip.reference.copy()
    weights[:, ROLL] = 0.3
    result = score([changed(clip, weights)])
    assert (result.teeth_rate, result.false_teeth_rate) == (1, 1)
    assert score([clip]).false_teeth_rate == 0


def test_one_vowel_of_all_held_closed_counts_once():
    clip = perfect()
    phone = next(p for p in clip.phones if p.name in {"aa", "ae"} and p.seconds > 0.12)
    weights = clip.reference.copy()
    weights[(clip.times > phone.start) & (clip.times < phone.end)] = 0
    result = score([changed(clip, weights)])
    assert result.false_closure_rate == pytest.approx(1 / result.open_vowels)


def test_noise_is_jerk():
    clip = perfect()
    noise = np.random.default_rng(0).normal(0, 0.05, clip.reference.shape)
    result = score([changed(clip, clip.reference + noise)])
    assert result.jerk_mm > 1.5 * result.reference_jerk_mm
    assert result.reference_jerk_mm == score([clip]).reference_jerk_mm


def test_the_gap_error_is_in_millimetres():
    """jawOpen opens the head by 34.2 mm a unit."""
    clip = perfect()
    weights = clip.reference.copy()
    weights[:, JAW] += 0.1
    result = score([changed(clip, weights)])
    assert result.gap_mae_mm == pytest.approx(3.42, abs=0.05)
    mouth = sum(name.startswith(("mouth", "jaw", "tongue")) for name in ARKIT_52)
    assert result.mouth_mae == pytest.approx(0.1 / mouth, rel=0.01)


def test_a_damped_face_moves_less_and_a_missing_pucker_does_not_correlate():
    clip = perfect()
    assert score([changed(clip, 0.5 * clip.reference)]).motion_mm == pytest.approx(0.5 * score([clip]).motion_mm)
    weights = clip.reference.copy()
    weights[:, PUCKER] = 0.2
    assert math.isnan(score([changed(clip, weights)]).pucker_correlation)
    weights[:, PUCKER] = 0.5 - clip.reference[:, PUCKER] / 2
    assert score([changed(clip, weights)]).pucker_correlation == pytest.approx(-1, abs=1e-3)


def test_a_face_that_does_not_settle_shows_in_silence():
    clip = perfect()
    weights = clip.reference.copy()
    weights[:, JAW] = np.maximum(weights[:, JAW], 0.1)
    assert score([clip]).rest_mm < 0.1
    assert score([changed(clip, weights)]).rest_mm > 0.5


def test_upper_face_is_no_error_of_the_mouth():
    clip = perfect()
    weights = clip.reference.copy()
    weights[:, [ARKIT_52.index(name) for name in ("eyeBlinkLeft", "browInnerUp")]] = 1
    result = score([changed(clip, weights)])
    assert result.mouth_mae == 0
    assert result.gap_mae_mm < 0.1


def test_a_set_without_closures_or_movement_gives_no_number():
    phones = sentence("sil")
    times = np.arange(0, phones[-1].end, 1 / FPS)
    weights = np.zeros((len(times), 52), np.float32)
    result = score([ScoredClip(weights, weights, times, tuple(phones), ())])
    assert result.closures == result.open_vowels == 0
    correlations = ("gap_correlation", "pucker_correlation")
    for name in ("hit_rate", "late_ms", "false_closure_rate", "lag_ms", "teeth_rate", *correlations):
        assert math.isnan(getattr(result, name)), name
    assert result.rest_mm == 0


def test_no_clips_are_refused():
    with pytest.raises(ValueError, match="no clip"):
        score([])


@pytest.mark.parametrize("broken", ["shape", "nan", "order", "short"])
def test_broken_clips_are_refused(broken):
    times = np.arange(5) / FPS
    good = np.zeros((5, 52), np.float32)
    bad = good.copy()
    if broken == "nan":
        bad[2, 3] = np.nan
    if broken == "shape":
        bad = bad[:, :51]
    if broken == "order":
        times = times[::-1]
    if broken == "short":
        good, bad, times = good[:1], bad[:1], times[:1]
    with pytest.raises(ValueError, match=r"not both|not finite|increasing"):
        ScoredClip(bad, good, times, (), ())


def test_the_baselines_move_like_speech_but_close_no_mouth():
    train = [spoken(seed) for seed in (2, 3, 4)]
    phones, pcm, curve, times = spoken(5)
    reference = curve.weights(times)
    mean = MeanFace.fit(c.weights(t) for _, _, c, t in train)
    loud = LoudnessFace.fit((sound, t, c.weights(t)) for _, sound, c, t in train)
    results = [
        score([ScoredClip(made, reference, times, phones, curve.closures)])
        for made in (mean.animate(times), loud.animate(pcm, times))
    ]
    assert results[0].hit_rate == 0
    assert math.isnan(results[0].gap_correlation)
    assert results[1].gap_correlation > 0.2
    assert results[1].gap_mae_mm < results[0].gap_mae_mm
    assert results[1].hit_rate < 0.5


def test_the_mean_face_is_the_mean():
    a, b = np.full((2, 52), 0.1, np.float32), np.full((6, 52), 0.5, np.float32)
    np.testing.assert_allclose(MeanFace.fit([a, b]).weights, 0.4, rtol=1e-6)


def test_the_loudness_face_reads_no_later_sample():
    _, pcm, curve, times = spoken(0)
    face = LoudnessFace.fit([(pcm, times, curve.weights(times))])
    later = pcm.copy()
    later[int(times[40] * 16000) :] = 0.3
    np.testing.assert_array_equal(face.animate(pcm, times)[:41], face.animate(later, times)[:41])


def test_the_table_has_a_row_a_set_and_dashes_for_what_is_unknown():
    good, bad = score([perfect()]), score([without_closures(perfect())])
    text = table({"flite": good, "mumbled": bad})
    lines = text.splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    header = [cell.strip() for cell in lines[0].strip("|").split("|")]
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert dict(zip(header, cells, strict=True))["hits"] == "0.000"
    assert dict(zip(header, cells, strict=True))["late ms"] == "-"
    assert all(isinstance(value, int | float) for value in Scores(**vars(good)).__dict__.values())


def test_the_gap_at_rest_is_the_heads():
    assert gap_mm(np.zeros((1, 52), np.float32))[0] == pytest.approx(0.24, abs=0.01)
