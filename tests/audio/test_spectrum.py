"""The transform in two stages against numpy's in float64, for lengths that split well, badly and not at all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.audio.spectrum import PowerSpectrum


def powers(spectrum: PowerSpectrum, windows: np.ndarray) -> np.ndarray:
    """(n, n_fft / 2 + 1) in the order of the bins."""
    bins = spectrum.bins.flatten()
    order = bins[bins >= 0].argsort()
    return spectrum(torch.from_numpy(windows).float()).flatten(1)[:, bins >= 0][:, order].numpy()


def expected(windows: np.ndarray, n_fft: int) -> np.ndarray:
    size = windows.shape[1]
    hann = np.hanning(size + 1)[:-1]
    return np.abs(np.fft.rfft(windows * hann / np.sqrt((hann**2).sum()), n_fft)) ** 2


@given(size=st.integers(2, 130), more=st.integers(0, 130), seed=st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_every_length_gives_every_bin_once(size: int, more: int, seed: int) -> None:
    spectrum = PowerSpectrum(size, size + more)
    bins = spectrum.bins
    assert sorted(bins[bins >= 0].tolist()) == list(range((size + more) // 2 + 1))
    windows = np.random.default_rng(seed).standard_normal((3, size))
    found = powers(spectrum, windows)
    np.testing.assert_allclose(found, expected(windows, size + more), atol=2e-6 * size)


@pytest.mark.parametrize(("size", "n_fft"), [(400, 512), (800, 2048)])
def test_two_places_hold_a_run_of_frequencies(size: int, n_fft: int) -> None:
    spectrum = PowerSpectrum(size, n_fft)
    bins, run = spectrum.bins, n_fft // spectrum.short
    for pair in range(spectrum.short // 2):
        found = bins[:, 2 * pair : 2 * pair + 2]
        assert found.max() <= (pair + 1) * run
        assert found[found >= 0].min() >= pair * run


@pytest.mark.parametrize(("size", "n_fft", "short"), [(400, 512, 16), (800, 2048, 32), (401, 512, 1)])
def test_the_lengths_in_use_split_in_two(size: int, n_fft: int, short: int) -> None:
    spectrum = PowerSpectrum(size, n_fft)
    assert spectrum.short == short
    windows = np.random.default_rng(0).standard_normal((20, size))
    np.testing.assert_allclose(powers(spectrum, windows), expected(windows, n_fft), atol=1e-5)


def test_the_large_transform_reads_little() -> None:
    """What a step reads from memory: 6.6 MB for one matrix of each part."""
    assert sum(buffer.nbytes for buffer in PowerSpectrum(800, 2048).buffers()) < 70_000


def test_a_faint_tone_stands_beside_a_loud_one() -> None:
    """100 dB apart: what rounding of the loud tone leaves at the faint one's bin is far below it."""
    n = np.arange(800) / 16_000
    loud, faint = np.sin(2 * np.pi * 500 * n), 1e-5 * np.sin(2 * np.pi * 6_000 * n)
    found = powers(PowerSpectrum(800, 2048), (loud + faint)[None])
    bin_of_faint = 6_000 * 2048 // 16_000
    assert found[0, bin_of_faint] == pytest.approx(expected(faint[None], 2048)[0, bin_of_faint], rel=0.05)
