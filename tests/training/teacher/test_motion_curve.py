"""The teacher: what its curve must do whatever the phones, and what the default head then shows, in millimetres."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.measure import lip_gap, lip_protrusion
from sdk.training.phones import PHONES, TimedPhone
from sdk.training.teacher import Style, motion_curve
from tests.training.sentences import BURST_SECONDS, random_sentence, sentence, speak


def channel(weights: np.ndarray, name: str) -> np.ndarray:
    return weights[:, ARKIT_52.index(name)]


def curve_of(names: str, **options):
    phones = sentence(names)
    return motion_curve(phones, speak(phones), 5, **options), phones


def middle(phone: TimedPhone) -> float:
    return (phone.start + phone.end) / 2


@pytest.mark.parametrize("fps", [60, 100, 44.1])
def test_every_frame_rate_samples_one_curve(fps):
    phones = random_sentence(3, 60)
    curve = motion_curve(phones, speak(phones), 5, blinks=True)
    fine = np.arange(0, phones[-1].end, 1 / fps)
    whole = curve.weights(fine)
    some = np.random.default_rng(0).permutation(len(fine))[:50]
    np.testing.assert_allclose(curve.weights(fine[some]), whole[some], atol=1e-6)
    np.testing.assert_allclose(curve.weights(fine[7:8]), whole[7:8], atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(
    names=st.lists(st.sampled_from(PHONES), min_size=0, max_size=25),
    seconds=st.floats(0.005, 0.4),
    seed=st.integers(0, 2**31),
)
def test_any_phones_give_a_smooth_face_within_range_that_starts_and_ends_at_rest(names, seconds, seed):
    phones = [TimedPhone(name, 0.5 + i * seconds, 0.5 + (i + 1) * seconds) for i, name in enumerate(names)]
    end = phones[-1].end if phones else 0.5
    pcm = np.random.default_rng(seed).normal(0, 0.1, int((end + 0.5) * 16000)).astype(np.float32)
    weights = motion_curve(phones, pcm, seed).weights(np.arange(-0.2, end + 1.0, 0.001))
    assert weights.shape[1] == 52
    assert (weights >= 0).all()
    assert (weights <= 1).all()
    assert weights[0].max() == 0
    assert weights[-1].max() < 1e-6
    # A contact of full height moves at most pi / 2 / 60 ms = 26 a second; nothing else is faster.
    assert np.abs(np.diff(weights, axis=0)).max() < 0.03


def test_the_face_is_at_rest_in_silence_before_between_and_after():
    curve, phones = curve_of("m aa f uw sil ae b iy")
    quiet = [phones[0], phones[5], phones[-1]]
    for phone in quiet:
        assert curve.weights(np.array([middle(phone)])).max() < 0.02
    assert curve.weights(np.array([-5.0, phones[-1].end + 5])).max() < 1e-6


def test_lips_close_for_p_b_and_m_from_the_label_to_the_burst():
    curve, phones = curve_of("aa p aa b aa m aa")
    assert len(curve.closures) == 3
    for (start, end), phone in zip(curve.closures, (phones[2], phones[4], phones[6]), strict=True):
        opens = phone.end - (0 if phone.name == "m" else BURST_SECONDS)
        assert start == pytest.approx(phone.start, abs=0.004)
        assert end == pytest.approx(opens, abs=0.006)


def test_a_stop_labelled_at_its_burst_is_closed_over_the_silence_before_it():
    phones = [TimedPhone("aa", 0.2, 0.4), TimedPhone("p", 0.48, 0.5), TimedPhone("aa", 0.5, 0.7)]
    spoken = [TimedPhone("sil", 0, 0.2), phones[0], TimedPhone("sil", 0.4, 0.48), *phones[1:]]
    ((start, end),) = motion_curve(phones, speak(spoken), 0).closures
    assert start == pytest.approx(0.41, abs=0.012)
    assert end == pytest.approx(0.485, abs=0.012)


def test_a_stop_without_a_burst_is_closed_for_the_whole_of_its_label():
    phones = sentence("aa p aa")
    ((start, end),) = motion_curve(phones, np.zeros(len(speak(phones)), np.float32), 0).closures
    assert (start, end) == (phones[2].start, phones[2].end)


def test_a_label_that_ends_at_its_burst_is_closed_to_its_end():
    phones, spoken = sentence("aa b aa"), sentence("aa b aa")
    burst = spoken[2].end - BURST_SECONDS
    phones[2] = TimedPhone("b", phones[2].start, burst)
    phones[3] = TimedPhone("aa", burst, phones[3].end)
    ((_, end),) = motion_curve(phones, speak(spoken), 0).closures
    assert end == pytest.approx(burst, abs=0.004)


def test_in_a_closure_the_mouth_closes_what_the_jaw_opened():
    curve, _ = curve_of("aa p aa b aa m aa")
    for start, end in curve.closures:
        weights = curve.weights(np.linspace(start, end, 20))
        np.testing.assert_allclose(channel(weights, "mouthClose"), channel(weights, "jawOpen"), atol=1e-6)
        assert channel(weights, "jawOpen").min() > 0.05


def test_lips_seal_on_the_head_in_every_closure():
    """On the mesh: in 95 % of the closures the gap falls to 0 mm or below, at 100 samples a second."""
    phones = random_sentence(11, 900)
    curve, head = motion_curve(phones, speak(phones), 1), default_head()
    lowest = [lip_gap(head, curve.weights(np.arange(s, e, 0.01))).min() for s, e in curve.closures]
    assert len(lowest) > 50
    assert np.percentile(lowest, 95) <= 0


def test_f_and_v_bring_the_lower_lip_to_the_teeth():
    curve, phones = curve_of("aa f aa v aa", style=Style())
    for phone in (phones[2], phones[4]):
        weights = curve.weights(np.array([middle(phone)]))
        assert channel(weights, "mouthRollLower")[0] > 0.45
        assert 0.5 < lip_gap(default_head(), weights)[0] < 5


def test_rounded_sounds_push_the_lips_forward():
    curve, phones = curve_of("d uw d iy d w d ao d")
    weights = curve.weights(np.array([middle(phone) for phone in phones]))
    head = default_head()
    forward = lip_protrusion(head, weights) - lip_protrusion(head, np.zeros((1, 52), np.float32))
    by_name = dict(zip([phone.name for phone in phones], forward, strict=True))
    assert by_name["uw"] > 2.5
    assert by_name["w"] > 2.5
    assert by_name["ao"] > 1
    assert by_name["iy"] < 1


def test_gaps_fall_in_the_order_of_vowel_height():
    gaps = {}
    for name in ("aa", "ae", "eh", "ih", "iy", "s"):
        phones = [TimedPhone(name, 0.5, 1.0)]
        weights = motion_curve(phones, speak(sentence(name)), 0).weights(np.array([0.75]))
        gaps[name] = float(lip_gap(default_head(), weights)[0])
    assert gaps["aa"] > gaps["ae"] > gaps["eh"] > gaps["ih"] > gaps["iy"] > gaps["s"] > 2
    assert 12 < gaps["aa"] < 24


def test_neighbours_colour_a_phone():
    """/k/ leaves the lips to its neighbours: round in "oo-k-oo", spread in "ee-k-ee"; /s/ holds the jaw."""
    round_, round_phones = curve_of("uw k uw")
    wide, wide_phones = curve_of("iy k iy")
    in_round = round_.weights(np.array([middle(round_phones[2])]))
    in_wide = wide.weights(np.array([middle(wide_phones[2])]))
    assert channel(in_round, "mouthPucker")[0] > 5 * channel(in_wide, "mouthPucker")[0] + 0.2
    assert channel(in_wide, "mouthStretchLeft")[0] > channel(in_round, "mouthStretchLeft")[0] + 0.05
    s_curve, s_phones = curve_of("aa s aa")
    k_curve, k_phones = curve_of("aa k aa")
    assert (
        channel(s_curve.weights(np.array([middle(s_phones[2])])), "jawOpen")[0]
        < 0.7 * channel(k_curve.weights(np.array([middle(k_phones[2])])), "jawOpen")[0]
    )


def test_loud_vowels_open_wider():
    phones = sentence("d aa d aa d aa d")
    pcm = speak(phones)
    at = np.array([middle(phones[4])])
    plain = channel(motion_curve(phones, pcm, 0).weights(at), "jawOpen")[0]
    faint = pcm.copy()
    faint[int(phones[4].start * 16000) : int(phones[4].end * 16000)] *= 0.2
    assert channel(motion_curve(phones, faint, 0).weights(at), "jawOpen")[0] < 0.85 * plain


def test_style_scales_jaw_and_lips_apart():
    plain, phones = curve_of("d uw d aa d")
    mumbled, _ = curve_of("d uw d aa d", style=Style(jaw=0.5))
    at = np.array([middle(phone) for phone in phones])
    np.testing.assert_allclose(
        channel(mumbled.weights(at), "jawOpen"), 0.5 * channel(plain.weights(at), "jawOpen"), atol=1e-6
    )
    np.testing.assert_allclose(channel(mumbled.weights(at), "mouthPucker"), channel(plain.weights(at), "mouthPucker"))


def blink_times(weights: np.ndarray, times: np.ndarray) -> np.ndarray:
    lid = channel(weights, "eyeBlinkLeft")
    return times[1:][(lid[1:] > 0.5) & (lid[:-1] <= 0.5)]


def test_blinks_are_seeded_regular_and_near_pauses():
    phones = random_sentence(7, 2400)
    pcm, times = speak(phones), np.arange(0, phones[-1].end, 0.01)
    first, again, other = (motion_curve(phones, pcm, seed, blinks=True).weights(times) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    blinks = blink_times(first, times)
    per_minute = len(blinks) / phones[-1].end * 60
    assert 15 < per_minute < 32
    assert np.diff(blinks).min() > 0.2
    pauses = np.array([middle(phone) for phone in phones if phone.name == "sil"])
    in_pause = np.mean([np.abs(pauses - blink).min() < 0.15 for blink in blinks])
    share_of_pauses = sum(phone.end - phone.start for phone in phones if phone.name == "sil") / phones[-1].end
    assert in_pause > 1.5 * share_of_pauses


def test_without_blinks_the_eyes_stay_open_and_all_else_is_the_same():
    phones = random_sentence(7, 200)
    pcm, times = speak(phones), np.arange(0, phones[-1].end, 0.01)
    awake = motion_curve(phones, pcm, 1).weights(times)
    blinking = motion_curve(phones, pcm, 1, blinks=True).weights(times)
    lids = [ARKIT_52.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    assert awake[:, lids].max() == 0
    np.testing.assert_array_equal(np.delete(awake, lids, 1), np.delete(blinking, lids, 1))


def test_brows_rise_on_some_prominent_vowels():
    phones = random_sentence(7, 400)
    pcm, times = speak(phones), np.arange(0, phones[-1].end, 0.01)
    brow = channel(motion_curve(phones, pcm, 1).weights(times), "browInnerUp")
    assert 0.12 <= brow.max() <= 0.4
    assert 0.02 < (brow > 0.05).mean() < 0.7


def test_an_hour_of_speech_is_fast():
    phones = random_sentence(1, 28_000)
    pcm = np.random.default_rng(0).normal(0, 0.1, int(phones[-1].end * 16000)).astype(np.float32)
    began = time.process_time()
    weights = motion_curve(phones, pcm, 0, blinks=True).weights(np.arange(0, phones[-1].end, 1 / 30))
    assert len(weights) > 30 * 3000
    assert time.process_time() - began < 30


def test_overlapping_phones_and_broken_sound_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        motion_curve([TimedPhone("aa", 0, 1), TimedPhone("b", 0.5, 1.5)], np.zeros(100, np.float32), 0)
    with pytest.raises(ValueError, match="finite"):
        motion_curve([], np.array([0, np.nan], np.float32), 0)
