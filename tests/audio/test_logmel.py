"""LogMel: streaming equals whole clip, causality, a float64 rebuild as oracle, and what the traced graph holds."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sdk.audio.logmel import BANDS, FLOOR, HOP, LogMel, LogMelState, mel_bands
from tests.audio.graphs import operators

MODULE = LogMel().eval()


def noise(hops: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(1, hops * HOP, generator=torch.Generator().manual_seed(seed))


def rebuild(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same columns by numpy.fft in float64, bands placed one by one."""
    padded = np.concatenate([np.zeros(240), x])
    window = np.hanning(401)[:400]
    window /= np.sqrt((window**2).sum())
    corners = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 82) / 2595) - 1)
    frequencies = np.fft.rfftfreq(512, 1 / 16_000)
    columns = []
    for start in range(0, len(x), 160):
        power = np.abs(np.fft.rfft(padded[start : start + 400] * window, 512)) ** 2
        bands = [np.interp(frequencies, corners[b : b + 3], [0, 1, 0]) @ power for b in range(80)]
        columns.append(np.log(np.array(bands) + 1e-4))
    return np.array(columns)


def test_columns_match_numpy_fft() -> None:
    """Oracle: `rebuild`, numpy.fft.rfft in float64, on noise, a loud and a faint tone, and silence."""
    t = np.arange(10 * HOP) / 16_000
    parts = [noise(10)[0].numpy(), 5 * np.sin(2 * np.pi * 440 * t), 1e-3 * np.sin(2 * np.pi * 3000 * t), 0 * t]
    x = np.concatenate(parts)
    ours = MODULE(torch.from_numpy(x).float()[None])[0].numpy()
    assert ours.shape == (80, BANDS)
    np.testing.assert_allclose(ours, rebuild(x), atol=2e-4)


@settings(deadline=None, max_examples=10)
@given(chunks=st.lists(st.integers(1, 7), min_size=1, max_size=8))
def test_any_chunking_in_hops_gives_the_whole_clips_columns(chunks: list[int]) -> None:
    x = noise(sum(chunks))
    state, columns = MODULE.init_state(), []
    for piece in x.split([n * HOP for n in chunks], 1):
        column, state = MODULE.step(piece, state)
        columns.append(column)
    torch.testing.assert_close(torch.cat(columns, 1), MODULE(x), rtol=0, atol=1e-5)


def test_step_gives_two_columns_a_hop_and_keeps_240_samples() -> None:
    x = noise(1)
    columns, state = MODULE.step(x, MODULE.init_state())
    assert columns.shape == (1, 2, BANDS)
    assert torch.equal(state.left, x[:, -240:])


@settings(deadline=None, max_examples=10)
@given(hop=st.integers(1, 9))
def test_later_samples_never_change_earlier_columns(hop: int) -> None:
    x = noise(10)
    changed = x.clone()
    changed[:, hop * HOP :] = 9 * noise(10 - hop, seed=1)
    assert torch.equal(MODULE(x)[:, : 2 * hop], MODULE(changed)[:, : 2 * hop])
    assert not torch.equal(MODULE(x)[:, 2 * hop :], MODULE(changed)[:, 2 * hop :])


def test_a_window_ends_at_its_newest_sample() -> None:
    """A click one sample before a window's end lights that column; in the middle of the hop it lights both."""
    early, late = torch.zeros(1, HOP), torch.zeros(1, HOP)
    early[0, 100], late[0, 310] = 100, 100
    silent = np.log(FLOOR)
    for x, lit in ((early, [True, True]), (late, [False, True])):
        loud = (MODULE(x)[0].mean(1) > silent + 0.1).tolist()
        assert loud == lit


def test_every_band_holds_a_bin_and_each_tone_lights_its_own_band() -> None:
    bands = mel_bands()
    assert (bands.amax(1) > 0.2).all()
    centres = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 82)[1:-1] / 2595) - 1)
    t = np.arange(4 * HOP) / 16_000
    for band in (20, 40, 60, 79):
        tone = torch.from_numpy(np.sin(2 * np.pi * centres[band] * t)).float()[None]
        assert MODULE(tone)[0, -1].argmax().item() == band


def test_bands_cut_into_groups_are_the_bands_of_one_matrix() -> None:
    powers = torch.rand(3, *MODULE.spectrum.bins.shape)
    bins = MODULE.spectrum.bins
    expected = powers.double().flatten(1) @ (mel_bands()[:, bins] * (bins >= 0)).flatten(1).T + FLOOR
    found = torch.cat([group(powers) for group in MODULE.groups], 1)
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-7)


def test_the_bands_read_little() -> None:
    """What a step reads from memory for its bands: 87 kB for one matrix over all bins."""
    assert sum(buffer.nbytes for buffer in MODULE.groups.buffers()) < 32_000


def test_silence_and_full_scale_fit_half_precision() -> None:
    """White noise of unit variance has unit power a bin; the floor and a tone of 10 standard deviations fit float16."""
    assert torch.allclose(MODULE(torch.zeros(1, HOP)), torch.tensor(FLOOR).log())
    assert torch.finfo(torch.float16).smallest_normal < FLOOR
    power = MODULE(noise(200)).exp().mean(1)[0] / mel_bands().sum(1)
    torch.testing.assert_close(power, torch.ones(BANDS, dtype=torch.float64), rtol=0.25, atol=0)
    t = torch.arange(4 * HOP) / 16_000
    assert MODULE(10 * torch.sin(2 * torch.pi * 1000 * t)[None]).exp().max() < torch.finfo(torch.float16).max


def test_traced_step_holds_only_operators_that_every_target_takes() -> None:
    class Step(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.logmel = MODULE

        def forward(self, x: torch.Tensor, left: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            columns, state = self.logmel.step(x, LogMelState(left))
            return columns, state.left

    wanted = {"cat", "slice", "view", "reshape", "permute", "linear", "mul", "add", "log"}
    assert operators(Step(), (noise(1), torch.zeros(1, 240))) <= wanted


def test_constants_are_buffers_that_quantisers_and_checkpoints_leave_alone() -> None:
    assert not list(MODULE.parameters())
    assert not MODULE.state_dict()
    assert not any(isinstance(child, torch.nn.Linear) for child in MODULE.modules())
