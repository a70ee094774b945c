"""LevelNormaliser: both ends of loudness, silence, gain steps, offset, causality, streaming, and the traced graph."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sdk.audio.level import LevelNormaliser, LevelState
from tests.audio.graphs import operators

HOP, RATE = 320, 16_000
MODULE = LevelNormaliser(HOP).eval()

Floats = NDArray[np.float64]


def speech(seconds: float, dbfs: float, seed: int = 0) -> Floats:
    """Voiced syllables of varying stress, four a second, a pause of half a second in each three; `dbfs` is the rms."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    stress = np.repeat(random.uniform(0.3, 1, int(seconds * 4) + 1), RATE // 4)[: len(time)]
    envelope = stress * (0.1 + np.sin(np.pi * (4 * time % 1))) * (time % 3 < 2.5)
    turns = np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    voice = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 12)) + 0.1 * random.standard_normal(len(time))
    return at_level(envelope * voice, dbfs)


def noise(seconds: float, dbfs: float, seed: int = 0) -> Floats:
    return at_level(np.random.default_rng(seed).standard_normal(int(seconds * RATE)), dbfs)


def at_level(x: Floats, dbfs: float) -> Floats:
    return x * 10 ** (dbfs / 20) / np.sqrt(np.mean(x**2))


def normalise(x: Floats) -> Floats:
    with torch.no_grad():
        return MODULE(torch.from_numpy(x).float()[None])[0].double().numpy()


def level(y: Floats, start: float, stop: float) -> float:
    """Level of the seconds from `start` to `stop` against unit variance, dB."""
    part = y[int(start * RATE) : int(stop * RATE)]
    return float(10 * np.log10(np.mean(part**2) + 1e-12))


@pytest.mark.parametrize(
    ("dbfs", "settled", "decibels"),
    [(-60, 4, 5.0), (-50, 1, 3.5), (-40, 1, 2.5), (-26, 1, 2.5), (-10, 1, 2.5)],
)
def test_speech_of_any_loudness_comes_to_unit_variance(dbfs: float, settled: int, decibels: float) -> None:
    """From a reset: within `decibels` in every three seconds from `settled` seconds on."""
    y = normalise(speech(30, dbfs))
    for start in range(settled, 27):
        assert abs(level(y, start, start + 3)) < decibels, start


def test_clipped_speech_at_full_scale_comes_to_unit_variance() -> None:
    y = normalise(np.clip(speech(20, 0), -1, 1))
    for start in range(17):
        assert abs(level(y, start, start + 3)) < 2, start


def test_speech_at_the_prior_level_is_right_from_the_first_syllable() -> None:
    assert abs(level(normalise(speech(3, -26)), 0, 1)) < 3


@pytest.mark.parametrize(("step", "before", "seconds"), [(20, -30, 4), (-20, -10, 24)])
def test_a_gain_step_is_followed(step: float, before: float, seconds: float) -> None:
    """Within 3 dB of unit variance 4 s after a rise of 20 dB, 24 s after a fall of 20 dB."""
    y = normalise(np.concatenate([speech(15, before), speech(40, before + step, seed=1)]))
    assert level(y, 15, 16) * step > 0
    for start in range(15 + seconds, 52):
        assert abs(level(y, start, start + 3)) < 3, start


def test_no_hop_is_louder_than_the_bound() -> None:
    """A shout after a whisper: 1 / sqrt(A) = 12.2 is the most a hop can come to, A = hop / 3 s."""
    y = normalise(np.concatenate([speech(10, -60), noise(1, 0)]))
    loudest = np.sqrt(np.mean(y.reshape(-1, HOP) ** 2, 1)).max()
    assert 5 < loudest < np.sqrt(3 * RATE / HOP) * 1.01


def test_digital_silence_is_silence_and_changes_no_level() -> None:
    assert not normalise(np.zeros(RATE)).any()
    _, heard = run(speech(10, -20))
    _, after = run(np.zeros(30 * RATE), heard)
    assert torch.equal(after.weight, heard.weight)
    assert torch.equal(after.power, heard.power)


def test_faint_noise_stays_quiet_for_an_hour() -> None:
    """-75 dBFS alone: 48 dB below unit variance for a minute, 40 dB after an hour, run at a hundredth of the hops."""
    assert level(normalise(noise(60, -75)), 0, 60) < -48
    hurried = LevelNormaliser(HOP)
    hurried.rate *= 100
    y = hurried(torch.from_numpy(noise(36, -75)).float()[None])
    assert level(y[0].double().numpy(), 35, 36) < -40


def test_a_pause_with_room_noise_does_not_raise_the_noise() -> None:
    """A minute at -60 dBFS between sentences at -26 dBFS: the noise stays 30 dB down, speech returns within 3 dB."""
    y = normalise(np.concatenate([speech(15, -26), noise(60, -60), speech(6, -26, seed=1)]))
    assert level(y, 70, 75) < -30
    assert abs(level(y, 75, 81)) < 3


def test_an_offset_is_removed() -> None:
    y = normalise(speech(12, -30) + 0.1)
    for start in range(3, 9):
        assert abs(y[start * RATE : (start + 3) * RATE].mean()) < 0.05
        assert abs(level(y, start, start + 3)) < 2.5


def run(x: Floats, state: LevelState | None = None) -> tuple[torch.Tensor, LevelState]:
    state, out = state or MODULE.init_state(), []
    for hop in torch.from_numpy(x).float()[None].split(HOP, 1):
        y, state = MODULE.step(hop, state)
        out.append(y)
    return torch.cat(out, 1), state


@settings(deadline=None, max_examples=10)
@given(cut=st.integers(0, 49))
def test_streaming_in_two_parts_gives_the_whole_clips_bits(cut: int) -> None:
    x = speech(1, -30)
    state, parts = MODULE.init_state(), []
    for part in (x[: cut * HOP], x[cut * HOP :]):
        if len(part):
            y, state = run(part, state)
            parts.append(y)
    assert torch.equal(torch.cat(parts, 1), MODULE(torch.from_numpy(x).float()[None]))


@settings(deadline=None, max_examples=10)
@given(hop=st.integers(1, 49))
def test_later_samples_never_change_earlier_outputs(hop: int) -> None:
    x = speech(1, -30)
    changed = x.copy()
    changed[hop * HOP :] = noise(1, 0)[hop * HOP :]
    a, b = normalise(x), normalise(changed)
    assert a[: hop * HOP].tobytes() == b[: hop * HOP].tobytes()
    assert (a[hop * HOP :] != b[hop * HOP :]).any()


def test_step_is_the_formula_of_its_docstring() -> None:
    """Oracle: the formula in plain float64, unit full scale instead of -40 dBFS."""
    rate, floor, relative, leak = HOP / (3 * RATE), 10**-7.1, 10**-3.5, 1 / 40
    age = mean = weight = power = 0.0
    x = np.concatenate([speech(2, -50) + 0.01, noise(1, -70), speech(2, -15)])
    expected = []
    for hop in x.reshape(-1, HOP):
        age += rate * (1 - age)
        mean += rate * (hop.mean() - mean)
        p = np.mean((hop - mean / age) ** 2)
        active = (p / (p + floor)) ** 8 * (leak + (1 - leak) * (p / (p + floor + relative * power)) ** 8)
        weight += rate * active * (1 - weight)
        power += rate * active * (p - power)
        prior = 0.05 * (1 - weight) ** 16
        expected.append((hop - mean / age) / np.sqrt((power + prior * 10**-2.6) / (weight + prior)))
    np.testing.assert_allclose(normalise(x), np.concatenate(expected), rtol=1e-3, atol=1e-3)


def test_state_is_zeros_of_one_by_one_and_finite_after_anything() -> None:
    state = MODULE.init_state()
    for leaf in vars(state).values():
        assert torch.equal(leaf, torch.zeros(1, 1))
    for x in (np.zeros(HOP), np.ones(HOP), np.full(HOP, 1e-20), np.full(HOP, 1e4), -np.ones(HOP)):
        y, state = run(x, state)
        assert y.isfinite().all()
        assert all(leaf.isfinite().all() for leaf in vars(state).values())


def test_traced_step_holds_only_operators_that_every_target_takes() -> None:
    class Step(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.level = MODULE

        def forward(self, x: torch.Tensor, *leaves: torch.Tensor) -> tuple[torch.Tensor, ...]:
            y, state = self.level.step(x, LevelState(*leaves))
            return y, *vars(state).values()

    found = operators(Step(), (torch.randn(1, HOP), *vars(MODULE.init_state()).values()))
    assert found <= {"add", "sub", "rsub", "mul", "div", "sqrt", "linear"}
