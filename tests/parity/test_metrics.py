"""The numbers of one tensor's error, against formulas written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdk.bundle.manifest import Tolerance
from sdk.parity.findings import gain_doubt, value_problems
from sdk.parity.metrics import ErrorMeter, decibels, measure

T, V = 30, 5


def streams(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    noise = np.random.default_rng(seed)
    reference = (100 + noise.normal(0, 3, (T, V, 3))).astype(np.float32)
    return reference, (reference + noise.normal(0, 0.01, reference.shape)).astype(np.float32)


def test_numbers_are_those_of_whole_array_formulas() -> None:
    reference, candidate = streams()
    error = measure("d.v", reference, candidate, 1e-4, indices=range(T), unit="mm", vertices=True)
    a, b = reference.astype(np.float64), candidate.astype(np.float64)
    travel = (a.max(0) - a.min(0)).max()
    assert error.reference_range == pytest.approx(travel)
    assert error.max_abs == pytest.approx(np.abs(b - a).max())
    assert error.max_abs_of_range == pytest.approx(np.abs(b - a).max() / travel)
    assert error.rms == pytest.approx(np.sqrt(((b - a) ** 2).mean()))
    assert error.rms_of_range == pytest.approx(error.rms / travel)
    signal = ((a - a.mean(0)) ** 2).sum()
    assert error.snr_db == pytest.approx(10 * np.log10(signal / ((b - a) ** 2).sum()))
    worst = np.unravel_index(np.abs(b - a).argmax(), a.shape)
    assert (error.worst_step, *error.worst_element) == worst
    assert error.per_step == pytest.approx(np.abs(b - a).max((1, 2)))
    distance = np.sqrt(((b - a) ** 2).sum(-1))
    assert error.distance is not None
    assert error.distance.maximum == pytest.approx(distance.max())
    assert error.distance.mean == pytest.approx(distance.mean())
    assert (error.distance.worst_step, error.distance.worst_vertex) == np.unravel_index(distance.argmax(), (T, V))


def test_a_face_at_rest_does_not_lengthen_the_yardstick() -> None:
    """Moving the whole face 1 m away changes neither the range nor the SNR."""
    reference = np.random.default_rng(2).normal(0, 1, (T, V, 3)).astype(np.float32) * 30
    error = reference.copy()
    error[3, 2, 1] += 0.5
    near = measure("d.v", reference, error, 1e-4, indices=range(T))
    far = measure("d.v", reference + 512, error + 512, 1e-4, indices=range(T))
    assert far.reference_range == pytest.approx(near.reference_range, rel=1e-5)
    assert far.snr_db == pytest.approx(near.snr_db, abs=0.01)


def test_the_yardstick_of_a_tensor_that_hardly_moves_is_a_hundredth_of_its_size() -> None:
    still = np.full((T, 4), 200, np.float32)
    assert measure("d.v", still, still, 1e-4, indices=range(T)).reference_range == pytest.approx(2)
    zero = np.zeros((T, 4), np.float32)
    assert measure("d.v", zero, zero, 1e-4, indices=range(T)).reference_range == 1


def test_the_yardstick_of_a_single_step_is_the_spread_over_its_elements() -> None:
    step = np.array([[-3, 1, 2, 5]], np.float32)
    assert measure("d.v", step, step, 1e-4, indices=[0]).reference_range == 8


def test_first_bad_step_is_named_by_its_index() -> None:
    reference, _ = streams()
    candidate = reference.copy()
    candidate[[11, 20]] += 1
    indices = range(100, 100 + T)
    assert measure("d.v", reference, candidate, 1e-4, indices=indices).first_bad_step == 111
    assert measure("d.v", reference, candidate, 1.0, indices=indices).first_bad_step is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_an_infinite_error(value: float) -> None:
    reference, candidate = streams()
    candidate[7, 2, 1] = value
    error = measure("d.v", reference, candidate, 1e9, indices=range(T), vertices=True)
    assert error.nonfinite == 1
    assert error.max_abs == math.inf
    assert error.snr_db == -math.inf
    assert error.first_bad_step == error.worst_step == 7
    assert error.worst_element == (2, 1)


def test_equal_streams_have_infinite_snr() -> None:
    reference, _ = streams()
    error = measure("d.v", reference, reference, 0.0, indices=range(T))
    assert (error.max_abs, error.rms, error.snr_db, error.first_bad_step) == (0, 0, math.inf, None)


def test_decibels() -> None:
    assert decibels(100, 1) == pytest.approx(20)
    assert decibels(0, 1) == -math.inf
    assert decibels(0, 0) == math.inf


def test_a_meter_wants_equal_shapes() -> None:
    meter = ErrorMeter("d.v")
    with pytest.raises(AssertionError, match="is not"):
        meter.add(0, np.zeros((1, 3), np.float32), np.zeros((1, 4), np.float32))


def test_gain_and_cosine_are_those_of_whole_array_formulas() -> None:
    reference, candidate = streams()
    candidate = candidate * np.float32(0.9) + np.float32(7)
    error = measure("d.v", reference, candidate, 1e-4, indices=range(T))
    a, b = reference.astype(np.float64), candidate.astype(np.float64)
    centre = a.mean(0)
    assert error.gain == pytest.approx(((a - centre) * (b - b.mean(0))).sum() / ((a - centre) ** 2).sum())
    shared = ((a - centre) * (b - centre)).sum()
    assert error.cosine == pytest.approx(
        shared / math.sqrt(((a - centre) ** 2).sum() * ((b - centre) ** 2).sum()), rel=1e-9
    )


def test_gain_and_cosine_of_a_single_step_are_of_the_numbers_themselves() -> None:
    error = measure("d.v", np.array([[3.0, 4.0]], np.float32), np.array([[4.0, 3.0]], np.float32), 1, indices=[0])
    assert error.gain == pytest.approx(24 / 25)
    assert error.cosine == pytest.approx(24 / 25)


def test_equal_streams_have_gain_and_cosine_one() -> None:
    reference, _ = streams()
    error = measure("d.v", reference, reference, 0.0, indices=range(T))
    assert (error.gain, error.cosine) == (1, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_does_not_move_or_is_not_finite_has_no_gain_and_no_cosine(value: float) -> None:
    still = np.full((T, 4), 2, np.float32)
    error = measure("d.v", still, still + 1, 1, indices=range(T))
    assert math.isnan(error.gain)
    assert math.isnan(error.cosine)
    reference, candidate = streams()
    candidate[3, 0, 0] = value
    error = measure("d.v", reference, candidate, 1, indices=range(T))
    assert math.isnan(error.gain)
    assert math.isnan(error.cosine)


def test_a_gain_beyond_its_bound_is_a_problem_and_noise_is_none() -> None:
    reference, noisy = streams()
    tolerance = Tolerance(max_abs_of_range=0.1, rms_of_range=0.1, digest_relative=1, gain_error=0.01)
    reference, noisy = reference - 100, noisy - 100
    scaled = reference + np.float32(0.02) * (reference - reference.mean(0))
    for candidate, expected in ((noisy, []), (scaled, ["it is 1.02 times the reference; allowed 0.99 to 1.01"])):
        error = measure("d.v", reference, candidate, 0.1, indices=range(T))
        assert [problem.message for problem in value_problems(error, tolerance)] == expected
        assert value_problems(error, tolerance, kind="state") == []


def test_a_gain_cut_short_is_doubted_after_few_noisy_steps_and_not_after_many() -> None:
    """Noise a twentieth of the signal: its slope is off by up to a percent over 9 steps, by little over 3,000."""
    tolerance = Tolerance(max_abs_of_range=1, rms_of_range=1, digest_relative=1, gain_error=0.01)
    found = {}
    for steps in (9, 3_000):
        noise = np.random.default_rng(5)
        reference = noise.normal(0, 1, (steps, 1)).astype(np.float32)
        candidate = (1.02 * reference + noise.normal(0, 0.05, reference.shape)).astype(np.float32)
        error = measure("d.v", reference, candidate, 1, indices=range(steps))
        found[steps] = bool(value_problems(error, tolerance, cut_short=True))
        assert value_problems(error, tolerance), "compared in whole, nothing is doubted"
        assert 0.5 < gain_doubt(error) / (0.05 / math.sqrt(steps)) < 2
    assert found == {9: False, 3_000: True}


def test_the_range_is_that_of_the_whole_reference_though_only_its_beginning_is_compared() -> None:
    """A face that has not begun to move when two choices part is no yardstick."""
    whole = np.concatenate([np.full((3, 1), 0.25), np.array([[0.0], [1.0]])])
    begin = whole[:3]
    error = measure("a.b", begin, begin + 0.01, 0.02, indices=range(3), later=whole[3:])
    assert error.reference_range == 1
    assert error.steps == 3
    assert error.rms_of_range == pytest.approx(0.01)
    tolerance = Tolerance(max_abs_of_range=0.02, rms_of_range=0.02, digest_relative=1, gain_error=1)
    assert not value_problems(error, tolerance)
    alone = measure("a.b", begin, begin + 0.01, 0.02, indices=range(3))
    assert value_problems(alone, tolerance)
