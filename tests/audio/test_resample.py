"""Resampling to 16 kHz: right, aligned, band-limited, of the stated delay, and the same bits for any chunking."""

import math
from fractions import Fraction

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sdk.audio.resample import HIGHEST_RATE, LOWEST_RATE, Resampler, ResamplerState, resample
from sdk.errors import AudioError

COMMON = [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000]
ODD = [4_000, 15_999, 16_001, 44_099, 768_000]
EDGE = 1_500  # output samples left out at either end of a comparison, more than the filter reaches

Floats = NDArray[np.float64]


def tones(rate: int, count: int, at: int) -> Floats:
    """`count` samples, at `at` a second, of twenty tones that `rate` seeds and whose passband holds them."""
    random = np.random.default_rng(rate)
    time = np.arange(count) / at
    frequencies, phases = random.uniform(20, passband(rate), 20), random.uniform(0, 2 * np.pi, 20)
    return np.sin(2 * np.pi * np.outer(time, frequencies) + phases).sum(1) / 20


def passband(rate: int) -> float:
    return min(rate, 16_000) / 2 * 7 / 8


def decibels(error: Floats, reference: Floats) -> float:
    return float(10 * np.log10(np.mean(error**2) / np.mean(reference**2)))


def pieces(x: NDArray[np.float32], sizes: list[int]) -> list[NDArray[np.float32]]:
    return np.split(x, np.cumsum(sizes)[:-1])


def stream(resampler: Resampler, chunks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    state, out = resampler.init_state(), []
    for chunk in chunks:
        y, state = resampler.step(chunk, state)
        out.append(y)
    return np.concatenate([*out, resampler.flush(state)])


@pytest.mark.parametrize("rate", COMMON + ODD)
def test_tones_come_out_as_themselves(rate: int) -> None:
    """Oracle: the same sum of sines evaluated at 16 kHz; aligned to the sample, flat to 7/8 of Nyquist."""
    ours = resample(tones(rate, rate * 2 // 5, rate).astype(np.float32), rate)
    ideal = tones(rate, len(ours), 16_000)
    assert decibels((ours - ideal)[EDGE:-EDGE], ideal[EDGE:-EDGE]) < -95


@pytest.mark.parametrize("rate", COMMON)
def test_agrees_with_soxr(rate: int) -> None:
    """Oracle: soxr 1.x, VHQ, whole clip, unshifted. soxr itself is 74 dB from the sines at 11.025 kHz and multiples."""
    x = tones(rate, rate * 2 // 5, rate).astype(np.float32)
    ours, theirs = resample(x, rate), soxr.resample(x, rate, 16_000, quality="VHQ")
    assert abs(len(ours) - len(theirs)) <= 1
    inner = slice(EDGE, len(theirs) - EDGE)
    assert decibels(ours[inner] - theirs[inner], theirs[inner]) < -72


@pytest.mark.parametrize("rate", [22_050, 44_099, 44_100, 48_000, 96_000, 192_000])
def test_what_would_alias_is_80_db_down(rate: int) -> None:
    """Each tone between 8 kHz and the input's Nyquist frequency, alone."""
    time = np.arange(rate // 3) / rate
    for frequency in np.linspace(8_000, rate / 2, 9)[:-1]:
        ours = resample(np.sin(2 * np.pi * frequency * time + 1).astype(np.float32), rate)[EDGE:-EDGE]
        assert decibels(ours, np.full(1, math.sqrt(0.5))) < -80, frequency


@pytest.mark.parametrize("rate", [8_000, 11_025])
def test_no_images_above_the_inputs_band(rate: int) -> None:
    """The spectrum between the input's Nyquist frequency and 8 kHz is 80 dB below the tones."""
    ours = resample(tones(rate, rate, rate).astype(np.float32), rate)[EDGE:-EDGE]
    spectrum = np.abs(np.fft.rfft(ours * np.blackman(len(ours))))
    frequencies = np.fft.rfftfreq(len(ours), 1 / 16_000)
    assert spectrum[frequencies > rate / 2 + 10].max() < 1e-4 * spectrum.max()


@settings(deadline=None, max_examples=60)
@given(
    rate=st.sampled_from([*COMMON, *ODD[:4], 16_000]),
    sizes=st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2_000)), min_size=1, max_size=12),
)
def test_any_chunking_gives_the_same_bits(rate: int, sizes: list[int]) -> None:
    x = np.random.default_rng(len(sizes)).standard_normal(sum(sizes)).astype(np.float32)
    assert stream(Resampler(rate), pieces(x, sizes)).tobytes() == resample(x, rate).tobytes()


@pytest.mark.parametrize("rate", [8_000, 44_099, 44_100, 48_000])
def test_one_sample_at_a_time_gives_the_same_bits(rate: int) -> None:
    """Longer than one internal block at the coarse end, so blocks are compared with single outputs too."""
    x = np.random.default_rng(0).standard_normal(6_000).astype(np.float32)
    assert stream(Resampler(rate), pieces(x, [1] * len(x))).tobytes() == resample(x, rate).tobytes()


@settings(deadline=None, max_examples=15)
@given(rate=st.integers(LOWEST_RATE, 50_000), count=st.integers(0, 3_000))
def test_a_flushed_stream_has_the_rounded_up_number_of_samples(rate: int, count: int) -> None:
    assert len(resample(np.zeros(count, np.float32), rate)) == math.ceil(Fraction(count * 16_000, rate))


@pytest.mark.parametrize("rate", COMMON + ODD)
def test_the_delay_reported_is_the_delay_measured(rate: int) -> None:
    """Push sample by sample around the first outputs; each count of outputs is the aligned count, less the delay."""
    resampler = Resampler(rate)
    delay_in = Fraction(resampler.delay_samples).limit_denominator(rate) * rate / 16_000
    state, emitted = resampler.init_state(), 0
    start = max(0, math.floor(delay_in) - 3)
    chunks = [np.zeros(start, np.float32)] + [np.zeros(1, np.float32)] * 400
    received = 0
    for chunk in chunks:
        y, state = resampler.step(chunk, state)
        received, emitted = received + len(chunk), emitted + len(y)
        assert emitted == max(0, math.ceil((received - delay_in) * 16_000 / rate))
    assert emitted > 0
    assert resampler.delay_ms == pytest.approx(resampler.delay_samples / 16)
    assert resampler.delay_ms < 3 or rate < 16_000
    assert resampler.delay_ms < 12


@pytest.mark.parametrize("rate", COMMON + ODD)
def test_an_impulse_peaks_at_its_own_time(rate: int) -> None:
    """An impulse at input sample n stands at 16000 n / rate; where that is a whole sample the response is symmetric."""
    step = Fraction(rate, 16_000)
    n = step.numerator * (4_000 // step.denominator or 1)
    centre = int(n / step)
    x = np.zeros(2 * n, np.float32)
    x[n] = 1
    ours = resample(x, rate)
    assert int(np.abs(ours).argmax()) == centre
    reach = min(centre, len(ours) - centre - 1, 200)
    np.testing.assert_allclose(ours[centre - reach : centre], ours[centre + reach : centre : -1], atol=2e-6)


@pytest.mark.parametrize("rate", COMMON + ODD)
def test_an_offset_passes_through_exactly(rate: int) -> None:
    ours = resample(np.full(rate // 4, 0.25, np.float32), rate)[200:-200]
    np.testing.assert_allclose(ours, 0.25, rtol=1e-7)


@pytest.mark.parametrize("rate", COMMON + ODD)
def test_a_day_later_the_bits_are_the_same(rate: int) -> None:
    """No drift: the state moved on by a day, in input and output, gives the same samples."""
    resampler = Resampler(rate)
    x = np.random.default_rng(3).standard_normal(4_000).astype(np.float32)
    _, now = resampler.step(x[:1_999], resampler.init_state())
    day = 24 * 3600
    later = ResamplerState(now.history, now.received + day * rate, now.emitted + day * 16_000)
    a, after_a = resampler.step(x[1_999:], now)
    b, after_b = resampler.step(x[1_999:], later)
    assert a.tobytes() == b.tobytes()
    assert (after_b.received - after_a.received, after_b.emitted - after_a.emitted) == (day * rate, day * 16_000)


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000, 768_000])
def test_the_state_is_bounded_and_steps_do_not_touch_it(rate: int) -> None:
    resampler = Resampler(rate)
    state = resampler.init_state()
    bound = 2 * math.ceil(resampler.delay_samples * rate / 16_000) + math.ceil(rate / 16_000)
    for size in [1, 5_000, 0, 333, 20_000, 7]:
        before = state.history.copy()
        _, after = resampler.step(np.ones(size, np.float32), state)
        np.testing.assert_array_equal(state.history, before)
        assert not np.shares_memory(after.history, state.history)
        state = after
        assert len(state.history) <= bound


def test_16_khz_passes_through_without_delay() -> None:
    x = np.random.default_rng(0).standard_normal(1_000).astype(np.float32)
    resampler = Resampler(16_000)
    y, state = resampler.step(x, resampler.init_state())
    assert y.tobytes() == x.tobytes()
    assert not np.shares_memory(x, y)
    assert resampler.flush(state).shape == (0,)
    assert resampler.delay_samples == resampler.delay_ms == 0


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_empty_input_gives_empty_output(rate: int) -> None:
    assert resample(np.zeros(0, np.float32), rate).shape == (0,)


@pytest.mark.parametrize("rate", [0, -16_000, LOWEST_RATE - 1, HIGHEST_RATE + 1, 44_100.5, math.nan, math.inf, "44100"])
def test_impossible_rates_are_refused(rate: object) -> None:
    with pytest.raises(AudioError, match="cannot be resampled"):
        Resampler(rate)  # type: ignore[arg-type]
