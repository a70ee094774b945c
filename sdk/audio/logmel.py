"""Streaming log-mel spectrum as plain graph operations: slices, constant linears, a logarithm.

::

    |--- left 240 ---|------------ hop 320 ------------|
    |------ window of column 0: 400 ------|
                      |------ window of column 1: 400 -|

Each window ends at its newest sample, so a column never waits for sound. The discrete Fourier transform consists of
products with constant matrices, see `sdk.audio.spectrum`, because neither `torch.stft` nor complex numbers exist on all
targets; the matrices are buffers and not `nn.Linear`, so that quantisers, which look for modules, leave the front end
in full precision. The bands are cut into `GROUPS` matrices, each over the part of the spectrum that its bands lie in,
for most of one matrix over the whole would be zeros that a device reads for every column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.audio.spectrum import PowerSpectrum
from sdk.spec import SAMPLE_RATE

HOP = 320
"""Samples of one step (20 ms), unless told otherwise; so with the other sizes."""
STRIDE = 160
"""Samples between columns (10 ms)."""
WINDOW = 400
"""Samples under the window (25 ms)."""
N_FFT = 512
"""Length of the transform; the window is padded with zeros at its end, which leaves the power as it is."""
BANDS = 80
GROUPS = 4
"""Matrices that the bands are cut into, as many bands each: 26 kB instead of 87 at 512 points, 95 instead of 338 at
2048. Eight would take 17 and 54, and twice the products."""
FLOOR = 1e-4
"""Power added to every band: 40 dB below one bin of white noise of unit variance, and a normal number in half
precision, so that the logarithm of silence is finite on every device."""


@dataclass(frozen=True)
class LogMelState:
    """What a step keeps of the hops before."""

    left: Tensor  # (1, WINDOW - STRIDE) newest samples


class _BandGroup(nn.Module):
    """Neighbouring bands, as a product with the part of the spectrum that they lie in.

    Args:
        bands: (n, P, S) weights over the places of the spectrum.
        floor: power added to every band.
    """

    weights: Tensor  # (n, P * places)
    floor: Tensor  # (n,)

    def __init__(self, bands: Tensor, floor: float) -> None:
        super().__init__()
        places = bands.any(0).any(0).nonzero()
        self.first, self.last = int(places.min()), int(places.max())
        part = bands[:, :, self.first : self.last + 1].reshape(len(bands), -1)
        self.register_buffer("weights", part.float(), persistent=False)
        # The floor is the linear's bias: a scalar added to a linear without bias crashes coremltools 9.
        self.register_buffer("floor", torch.full((len(bands),), floor), persistent=False)

    def forward(self, powers: Tensor) -> Tensor:
        """(n, P, S) to (n, bands)."""
        part = powers[:, :, self.first : self.last + 1]
        return F.linear(part.reshape(part.shape[0], -1), self.weights, self.floor)


class LogMel(nn.Module):
    """Waveform of about unit variance to natural-log mel power: a column of 80 bands each `STRIDE` samples.

    A bin's power is scaled by the window's energy: white noise of unit variance has power 1 in each bin, and full scale
    speech after `sdk.audio.level` stays within half precision. Bands are triangles on the HTK mel scale from 0 to
    8000 Hz, not normalised by their area.

    Args:
        hop: samples of one step, a multiple of `STRIDE`.
        window: samples under the window, at least `STRIDE`.
        n_fft: length of the transform, at least `window`.
        floor: power added to every band.
    """

    full_precision = True
    """Powers of a spectrum span more than half precision resolves: fp16 targets keep this layer in fp32."""

    def __init__(self, hop: int = HOP, window: int = WINDOW, n_fft: int = N_FFT, floor: float = FLOOR) -> None:
        super().__init__()
        assert hop % STRIDE == 0, f"a hop of {hop} samples is not whole columns"
        assert STRIDE <= window <= n_fft, f"a window of {window} does not fit {STRIDE} to {n_fft} samples"
        self.hop, self.window = hop, window
        self.spectrum = PowerSpectrum(window, n_fft)
        bins = self.spectrum.bins
        bands = mel_bands(n_fft)[:, bins] * (bins >= 0)
        groups = bands.reshape(GROUPS, BANDS // GROUPS, *bins.shape)
        self.groups = nn.ModuleList(_BandGroup(part, floor) for part in groups)

    def init_state(self) -> LogMelState:
        """Silence before the stream."""
        return LogMelState(left=torch.zeros(1, self.window - STRIDE))

    def step(self, x: Tensor, state: LogMelState) -> tuple[Tensor, LogMelState]:
        """Columns of the newest samples.

        Args:
            x: (1, hop), or (1, n * hop) for several hops at once; 16 kHz samples of about unit variance.
            state: what the step before gave.

        Returns:
            columns (1, n * hop / 160, 80), natural logarithm of power, oldest first; and the next state.
        """
        line = torch.cat([state.left, x], 1)
        starts = range(0, x.shape[1], STRIDE)
        # Targets take no concatenation of one.
        windows = torch.cat([line[:, s : s + self.window] for s in starts], 1) if len(starts) > 1 else line
        powers = self.spectrum(windows.reshape(x.shape[0] * len(starts), self.window))
        bands = torch.cat([group(powers) for group in self.groups], 1)
        columns = torch.log(bands).reshape(x.shape[0], len(starts), BANDS)
        return columns, LogMelState(left=line[:, x.shape[1] :])

    def forward(self, x: Tensor) -> Tensor:
        """Whole clip (1, N), N a multiple of the hop, to columns (1, N / 160, 80)."""
        assert x.shape[1] % self.hop == 0, f"{x.shape[1]} samples are not whole hops of {self.hop}"
        return self.step(x, LogMelState(left=self.init_state().left.expand(x.shape[0], -1)))[0]


def even_pitches(low: float, high: float, count: int) -> Tensor:
    """Frequencies in Hz (count,) float64 from `low` to `high`, equally spaced on the scale of `mel_bands`."""
    first, last = (2595 * math.log10(1 + hertz / 700) for hertz in (low, high))
    hertz: Tensor = 700 * (10 ** (torch.linspace(first, last, count, dtype=torch.float64) / 2595) - 1)
    return hertz


def mel_bands(n_fft: int = N_FFT) -> Tensor:
    """Triangular bands (80, n_fft / 2 + 1) float64, peak 1, equally spaced on the scale ``2595 log10(1 + f / 700)``.

    The HTK scale is that of Young et al., The HTK Book, section 5.4 (filterbank analysis), with f in Hz.
    """
    corners = even_pitches(0, SAMPLE_RATE / 2, BANDS + 2)
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (SAMPLE_RATE / n_fft)
    rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0)
