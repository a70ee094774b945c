"""The sample clock at every frame rate: exact, strictly increasing, inverted exactly, without drift."""

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sdk.audio.clock import SampleClock
from sdk.errors import UsageError
from sdk.spec import FrameRate

RATES = ["24", "25", "30000/1001", "30", "60", "72", "90", "120"]
DAY = 24 * 3600

rates = st.one_of(
    st.sampled_from(RATES).map(FrameRate.parse),
    st.builds(FrameRate, num=st.integers(1, 16_000), den=st.integers(1, 1001)),
)
clocks = st.builds(SampleClock, frame_rate=rates, hop=st.integers(1, 16_000), lookahead_samples=st.integers(0, 160_000))
indices = st.integers(0, 10**9)


@settings(deadline=None)
@given(clock=clocks, index=indices)
def test_due_is_the_first_sample_not_before_the_frames_time(clock: SampleClock, index: int) -> None:
    """Oracle: exact rational time (index + 1) / rate."""
    time = Fraction(index + 1) / clock.frame_rate.fraction
    assert Fraction(clock.due(index) - 1, 16_000) < time <= Fraction(clock.due(index), 16_000)


@settings(deadline=None)
@given(clock=clocks, index=indices)
def test_due_strictly_increases(clock: SampleClock, index: int) -> None:
    assert 0 < clock.due(index) < clock.due(index + 1)


@settings(deadline=None)
@given(clock=clocks, index=indices)
def test_frames_ready_is_the_exact_inverse_of_due(clock: SampleClock, index: int) -> None:
    moment = clock.due(index) + clock.lookahead_samples
    assert clock.frames_ready(moment) == index + 1
    assert clock.frames_ready(moment - 1) == index


@settings(deadline=None)
@given(clock=clocks, samples=st.integers(0, 2000))
def test_frames_ready_counts_the_frames_whose_samples_have_arrived(clock: SampleClock, samples: int) -> None:
    """Oracle: counting one by one."""
    count = 0
    while clock.due(count) + clock.lookahead_samples <= samples:
        count += 1
    assert clock.frames_ready(samples) == count


@settings(deadline=None)
@given(clock=clocks, samples=st.integers(0, 10**10))
def test_frames_covering_is_the_least_number_that_reaches_the_clips_end(clock: SampleClock, samples: int) -> None:
    count = clock.frames_covering(samples)
    assert count * Fraction(16_000) / clock.frame_rate.fraction >= samples
    assert count == 0 or (count - 1) * Fraction(16_000) / clock.frame_rate.fraction < samples


@settings(deadline=None)
@given(clock=clocks, index=indices)
def test_newest_hop_and_phase_locate_the_usable_end(clock: SampleClock, index: int) -> None:
    end = clock.due(index) + clock.lookahead_samples
    newest, phase = clock.newest_hop(index), clock.phase(index)
    assert (newest + 1) * clock.hop <= end < (newest + 2) * clock.hop
    assert 0 <= phase < 1
    assert (newest + 1) * clock.hop + round(phase * clock.hop) == end


@pytest.mark.parametrize("rate", RATES)
def test_no_drift_after_a_day(rate: str) -> None:
    """The frame that ends the day is due at the day's last sample, and the day has exactly its number of frames."""
    clock = SampleClock(FrameRate.parse(rate), hop=320)
    frames = DAY * clock.frame_rate.fraction
    last = frames.numerator // frames.denominator - 1
    exact = (last + 1) * Fraction(16_000) / clock.frame_rate.fraction
    assert clock.due(last) == -(-exact.numerator // exact.denominator)
    assert clock.frames_ready(DAY * 16_000) == last + 1
    if frames.denominator == 1:
        assert clock.due(last) == DAY * 16_000


def test_known_instants() -> None:
    clock = SampleClock(FrameRate.parse(30), hop=320, lookahead_samples=100)
    assert [clock.due(index) for index in range(4)] == [534, 1067, 1600, 2134]
    assert [clock.newest_hop(index) for index in range(4)] == [0, 2, 4, 5]
    assert clock.phase(2) == (1700 - 5 * 320) / 320
    assert SampleClock(FrameRate.parse(120), hop=320).newest_hop(0) == -1


@given(rate=st.fractions(1, 1000, max_denominator=10**12))
@example(rate=Fraction("12.345678"))
@example(rate=Fraction("29.97003"))
@example(rate=Fraction("999.999999"))
def test_any_rate_between_1_and_1000_is_read(rate: Fraction) -> None:
    """Exact where both terms are a million at most, else half a millionth off at most."""
    read = FrameRate.parse(str(rate)).fraction
    assert abs(read - rate) <= rate / 2_000_000
    if max(rate.numerator, rate.denominator) <= 1_000_000:
        assert read == rate


@pytest.mark.parametrize(
    "rate", ["0", "0.9999999", "1000.0000001", "1001/1000000", "nan", "inf", "1/0", "fast", "1e999999999", "9" * 99]
)
def test_other_rates_are_refused(rate: str) -> None:
    with pytest.raises(ValueError, match=r"^'\S+' is not a frame rate[^\n]*$"):
        FrameRate.parse(rate)


@pytest.mark.parametrize(
    ("rate", "hop", "lookahead", "named"),
    [("16001", 320, 0, "frame rate"), ("30", 0, 0, "hop"), ("30", 320, -1, "lookahead")],
)
def test_impossible_clocks_are_refused(rate: str, hop: int, lookahead: int, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        SampleClock(FrameRate(num=int(rate)), hop, lookahead)
