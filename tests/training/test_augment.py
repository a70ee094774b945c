"""Augmentation: labels stay with the sound they name, chance comes from the generator alone, levels are as asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sdk.training.augment.chain import augment_sound, augment_timing
from sdk.training.augment.codec import linear_bits, mu_law
from sdk.training.augment.colour import high_shelf, peak, tilt_and_colour
from sdk.training.augment.gain import change_level
from sdk.training.augment.interlude import LEVEL_DB, interlude
from sdk.training.augment.noise import KINDS, mix, speech_level
from sdk.training.augment.rest import KINDS as REST_KINDS
from sdk.training.augment.rest import rest_clip
from sdk.training.augment.reverb import reverberate, room_response
from sdk.training.augment.settings import Augmentation
from sdk.training.augment.silences import insert_silence, pauses
from sdk.training.augment.speaker import perturb_speaker
from sdk.training.augment.telephone import telephone
from sdk.training.phones import TimedPhone, are_in_order

RATE = 16_000
CLICKS = (0.2, 0.5, 0.9)
"""Times of clicks that phones begin at."""
PHONES = (*(TimedPhone("p", at, at + 0.05) for at in CLICKS), TimedPhone("sil", 0.96, 1.2))


def clicks() -> np.ndarray:
    pcm = np.zeros(round(1.3 * RATE), np.float32)
    for at in CLICKS:
        start = round(at * RATE)
        pcm[start : start + 160] = np.sin(2 * np.pi * 1000 / RATE * np.arange(160)) * np.hanning(160)
    return pcm


def loudest(pcm: np.ndarray, phone: TimedPhone) -> float:
    """Seconds from the phone's start to the loudest sample within 60 ms of it."""
    start = round(phone.start * RATE)
    window = np.abs(pcm[start - 960 : start + 960])
    return (int(window.argmax()) - 960) / RATE


def rms(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.square(pcm, dtype=np.float64).mean()))


@given(factor=st.floats(0.84, 1.2))
@settings(deadline=None, max_examples=15)
def test_phones_follow_a_speaker_perturbation(factor: float) -> None:
    pcm, phones = perturb_speaker(clicks(), PHONES, factor)
    assert abs(len(pcm) - 1.3 * RATE / factor) < 0.004 * len(pcm)
    for phone in phones[:3]:
        assert loudest(pcm, phone) == pytest.approx(0.005 / factor, abs=0.001)


def test_a_perturbation_moves_the_pitch() -> None:
    pcm, _ = perturb_speaker(np.sin(2 * np.pi * 500 / RATE * np.arange(RATE)).astype(np.float32), (), 1.2)
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    assert spectrum.argmax() * RATE / len(pcm) == pytest.approx(600, abs=2)


@given(place=st.integers(0, 2), seconds=st.floats(0.05, 2))
@settings(deadline=None, max_examples=15)
def test_phones_follow_an_inserted_silence(place: int, seconds: float) -> None:
    at = pauses(PHONES, 1.3)[place]
    pcm, phones = insert_silence(clicks(), PHONES, at, seconds)
    assert len(pcm) == len(clicks()) + round(seconds * RATE)
    for phone in phones[:3]:
        assert loudest(pcm, phone) == pytest.approx(0.005, abs=0.001)
    start = round(at * RATE)
    assert not pcm[start : start + round(seconds * RATE)].any()
    assert are_in_order(phones)


def test_a_pause_in_the_middle_of_a_silent_phone_makes_it_longer() -> None:
    _, phones = insert_silence(clicks(), PHONES, 1.08, 0.5)
    assert phones[-1].seconds == pytest.approx(0.24 + 0.5)
    assert phones[:3] == PHONES[:3]


@pytest.mark.parametrize("seed", range(4))
def test_effects_on_the_sound_keep_every_event_at_its_time(seed: int) -> None:
    generator = np.random.default_rng(seed)
    heard = {
        "reverb": reverberate(clicks(), room_response(0.5, generator)),
        "colour": tilt_and_colour(clicks(), 6.0, generator),
        "telephone": telephone(clicks()),
        "mu-law": mu_law(clicks()),
        "bits": linear_bits(clicks(), 8),
        "gain": change_level(clicks(), -12),
    }
    for name, pcm in heard.items():
        assert pcm.shape == clicks().shape, name
        assert pcm.dtype == np.float32, name
        for phone in PHONES[:3]:
            assert loudest(pcm, phone) == pytest.approx(0.005, abs=0.003), name


def test_a_room_falls_by_sixty_decibels_in_its_time() -> None:
    response = room_response(0.4, np.random.default_rng(0)).astype(np.float64)
    early, late = rms(response[800:1600]), rms(response[3200:4000])
    assert 20 * np.log10(early / late) == pytest.approx(60 * 2400 / (0.4 * RATE), abs=2.5)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_has_unit_level_and_is_mixed_at_the_ratio(kind: str) -> None:
    noise = KINDS[kind](RATE, np.random.default_rng(1))
    assert rms(noise) == pytest.approx(1, abs=0.03)
    speech = 0.1 * np.random.default_rng(2).standard_normal(RATE).astype(np.float32)
    loud = np.sort(np.square(speech))[RATE // 2 :].mean() ** 0.5
    added = mix(speech, noise, 20.0) - speech
    assert 20 * np.log10(loud / rms(added)) == pytest.approx(20, abs=0.1)


def test_pink_noise_falls_three_decibels_an_octave() -> None:
    power = np.abs(np.fft.rfft(KINDS["pink"](1 << 17, np.random.default_rng(0)))) ** 2
    low, high = (power[round(f * 8.192) : round(2 * f * 8.192)].mean() for f in (200, 3200))
    assert 10 * np.log10(low / high) == pytest.approx(12, abs=0.7)


def response_db(section: list[float], frequency: float) -> float:
    z = np.exp(-2j * np.pi * frequency / RATE * np.arange(3))
    return float(20 * np.log10(abs((z @ section[:3]) / (z @ section[3:]))))


def test_microphone_filters_raise_what_they_should() -> None:
    assert response_db(peak(1000, 8, 1.0), 1000) == pytest.approx(8, abs=0.01)
    assert response_db(peak(1000, 8, 3.0), 100) == pytest.approx(0, abs=0.2)
    assert response_db(high_shelf(1000, 6), 10) == pytest.approx(0, abs=0.1)
    assert response_db(high_shelf(1000, 6), 7990) == pytest.approx(6, abs=0.1)


def test_a_telephone_has_no_bass_and_no_treble() -> None:
    noise = KINDS["white"](4 * RATE, np.random.default_rng(0))
    before, after = (np.abs(np.fft.rfft(x)) for x in (noise, telephone(noise)))
    hz = np.fft.rfftfreq(4 * RATE, 1 / RATE)
    for low, high, kept in ((20, 120, False), (600, 2500, True), (6000, 8000, False)):
        band = (hz > low) & (hz < high)
        change = 20 * np.log10(rms(after[band]) / rms(before[band]))
        assert change > -1 if kept else change < -15


def test_codes_have_few_values() -> None:
    pcm = np.linspace(-1, 1, 50_001, dtype=np.float32)
    assert len(np.unique(linear_bits(pcm, 7))) == 127
    assert len(np.unique(mu_law(pcm))) == 255
    assert np.abs(mu_law(pcm) - pcm).max() < 0.03


def test_gain_clips_at_full_scale() -> None:
    assert change_level(np.array([0.1, 0.9], np.float32), 20).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("seed", range(12))
def test_rest_clips_are_sound_of_a_usable_level(seed: int) -> None:
    clip = rest_clip(np.random.default_rng(seed))
    assert RATE <= len(clip) <= 20 * RATE
    assert np.isfinite(clip).all()
    assert np.abs(clip).max() <= 1
    assert np.array_equal(clip, rest_clip(np.random.default_rng(seed)))


@pytest.mark.parametrize("kind", REST_KINDS)
@pytest.mark.parametrize("seconds", [1.0, 20.0])
def test_what_is_heard_beside_speech_has_unit_level(kind: str, seconds: float) -> None:
    sound = REST_KINDS[kind](round(seconds * RATE), np.random.default_rng(5))
    assert sound.shape == (round(seconds * RATE),)
    # Breath is at 1 at its loudest, and may rest for most of a second.
    assert rms(sound) == pytest.approx(1, abs=0.01) if kind != "breath" else 0.02 < rms(sound) < 1.2


def test_half_of_the_rest_clips_begin_a_stream_and_the_others_outlast_the_level() -> None:
    lengths = [len(rest_clip(np.random.default_rng(seed))) / RATE for seed in range(60)]
    assert 20 < sum(length < 4 for length in lengths) < 40
    assert max(lengths) > 15


def test_the_chain_depends_on_its_generator_alone() -> None:
    always = Augmentation.model_validate({name: {"probability": 1} for name in Augmentation.model_fields})
    runs = []
    for seed in (3, 3, 4):
        generator = np.random.default_rng(seed)
        timed = augment_timing(clicks(), PHONES, always, generator)
        runs.append((augment_sound(timed.pcm + timed.interlude, always, generator), timed.phones))
    assert np.array_equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert len(runs[0][0]) != len(runs[2][0])


def test_nothing_happens_at_probability_zero() -> None:
    never = Augmentation.model_validate({name: {"probability": 0} for name in Augmentation.model_fields})
    generator = np.random.default_rng(0)
    timed = augment_timing(clicks(), PHONES, never, generator)
    assert timed.phones == PHONES
    assert not timed.interlude.any()
    assert np.array_equal(augment_sound(timed.pcm, never, generator), clicks())


@pytest.mark.parametrize("seed", range(8))
def test_an_interlude_is_heard_where_nobody_speaks(seed: int) -> None:
    table: dict[str, dict[str, float]] = {name: {"probability": 0} for name in Augmentation.model_fields}
    table["interlude"] = {"probability": 1, "low": 0.7, "high": 0.7}
    timed = augment_timing(clicks(), PHONES, Augmentation.model_validate(table), np.random.default_rng(seed))
    assert len(timed.pcm) == len(timed.interlude) == len(clicks()) + round(0.7 * RATE)
    heard = np.flatnonzero(timed.interlude)
    assert 0.5 * RATE < heard[-1] - heard[0] < 0.7 * RATE
    assert not timed.pcm[heard].any()
    for phone in timed.phones[:3]:
        assert loudest(timed.pcm, phone) == pytest.approx(0.005, abs=0.001)
    assert are_in_order(timed.phones)


@pytest.mark.parametrize("seed", range(12))
def test_an_interlude_is_as_loud_as_it_may_be(seed: int) -> None:
    level = speech_level(clicks())
    sound = interlude(2 * RATE, level, np.random.default_rng(seed))
    loudness = 20 * np.log10(rms(sound) / level)
    # Breath has a level of 1 at its loudest only.
    assert LEVEL_DB[0] - 8 < loudness < LEVEL_DB[1] + 0.5
    assert np.abs(sound[[0, -1]]).max() < 1e-6


@pytest.mark.parametrize(
    "table",
    [{"noise": {"low": 9, "high": 1}}, {"noise": {"probability": 2}}, {"speaker": {"low": 0.1}}, {"fog": {}}],
    ids=str,
)
def test_impossible_settings_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Augmentation.model_validate(table)
