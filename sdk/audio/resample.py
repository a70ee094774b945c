"""Streaming conversion of any sample rate to 16 kHz: a polyphase Kaiser-windowed sinc, bit-identical for any chunking.

Output sample k stands at the input position ``k * M / L`` with ``M / L = rate_in / 16000`` in lowest terms, and is the
sum of the 2 H input samples around it, weighted by a windowed sinc centred there: aligned with the input, linear phase.
It can be computed once H later samples have arrived, which is the whole delay.

The filter is Kaiser's (Kaiser 1974; Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5.3): flat to 7/8
of the lower of the two Nyquist frequencies (7 kHz for every rate above 16 kHz) and some 90 dB down from that frequency
on, so nothing aliases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from sdk.errors import AudioError
from sdk.spec import SAMPLE_RATE

LOWEST_RATE, HIGHEST_RATE = 4_000, 768_000
"""Accepted input rates, samples a second."""
ATTENUATION_DB = 90.0
PASSBAND = 7 / 8
"""End of the flat band as a part of the lower Nyquist frequency."""
MOST_PHASES = 1024
"""A rate with more phases than this (44099 Hz has 16000) interpolates linearly between so many: error below -100 dB."""
BLOCK_PRODUCTS = 1 << 18
"""Products held at once, whatever the length of the input: 2 MiB."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ResamplerState:
    """What a step keeps; never modified in place, so that holding it is a snapshot.

    Attributes:
        history: the input samples that the next output needs and that have arrived, fewer than ``2 H + M / L``.
        received: input samples so far.
        emitted: output samples so far.
    """

    history: Samples
    received: int
    emitted: int


class Resampler:
    """Converts a stream at `rate_in` to 16 kHz. Holds constants only; the stream is in the `ResamplerState`.

    Args:
        rate_in: samples a second of the input, 4000 to 768000. 16000 passes through without delay.

    Raises:
        AudioError: another rate.
    """

    def __init__(self, rate_in: int) -> None:
        number = isinstance(rate_in, Real)
        if not number or not LOWEST_RATE <= rate_in <= HIGHEST_RATE or rate_in != int(rate_in):
            raise AudioError(
                "sample rate",
                f"{rate_in} Hz cannot be resampled",
                f"give a whole number from {LOWEST_RATE} to {HIGHEST_RATE}",
            )
        self.rate_in = int(rate_in)
        common = math.gcd(self.rate_in, SAMPLE_RATE)
        self._up, self._down = SAMPLE_RATE // common, self.rate_in // common
        self._half = 0 if self.rate_in == SAMPLE_RATE else _half_length(self.rate_in)

    @property
    def delay_samples(self) -> float:
        """Delay in output samples: n input samples have given ``ceil(n * 16000 / rate_in - delay_samples)`` of them."""
        return self._half * SAMPLE_RATE / self.rate_in

    @property
    def delay_ms(self) -> float:
        """The same delay in milliseconds."""
        return self._half * 1000 / self.rate_in

    def init_state(self) -> ResamplerState:
        """Silence before the stream."""
        return ResamplerState(history=np.zeros(max(0, self._half - 1), np.float32), received=0, emitted=0)

    def step(self, x: Samples, state: ResamplerState) -> tuple[Samples, ResamplerState]:
        """Take samples, give those that can be computed.

        Args:
            x: (n,) float32 finite samples, n >= 0.
            state: what the step before gave.

        Returns:
            (m,) float32 at 16 kHz, and the next state.
        """
        assert x.ndim == 1, f"expected (n,), got {x.shape}"
        received = state.received + len(x)
        if not self._half:
            return x.astype(np.float32), ResamplerState(state.history, received, received)
        line = np.concatenate([state.history, x], dtype=np.float32)
        # Output k needs input k * M // L + H, that is k * M < (received - H) * L.
        emitted = max(state.emitted, -(-(received - self._half) * self._up // self._down))
        y = self._convolve(line, state.emitted, emitted - state.emitted)
        used = emitted * self._down // self._up - state.emitted * self._down // self._up
        return y, ResamplerState(line[used:].copy(), received, emitted)

    def flush(self, state: ResamplerState) -> Samples:
        """The tail, as if silence followed: with it the stream has ``ceil(received * 16000 / rate_in)`` samples."""
        return self.step(np.zeros(self._half, np.float32), state)[0]

    def _convolve(self, line: Samples, first: int, count: int) -> Samples:
        """Outputs `first` .. ``first + count``; line[0] is the oldest sample under output `first`.

        Only elementwise products and sums of fixed order: a matrix product or a library's sum may associate differently
        for another number of rows, and the last bit would then depend on how the sound was cut.
        """
        y = np.empty(count, np.float32)
        if not count:
            return y
        bank = _filter_bank(self.rate_in)
        phases = len(bank) - 1
        windows = np.lib.stride_tricks.sliding_window_view(line, 2 * self._half)
        block = max(1, BLOCK_PRODUCTS // (2 * self._half))
        for start in range(0, count, block):
            k = np.arange(start, min(start + block, count), dtype=np.int64)
            offset, turn = np.divmod(first * self._down % self._up + k * self._down, self._up)
            row, rest = np.divmod(turn * phases, self._up)
            weights = bank[row]
            if phases != self._up:
                weights += (rest / self._up)[:, None] * (bank[row + 1] - weights)
            y[k] = _sum_rows(windows[offset] * weights)
        return y


def resample(x: Samples, rate_in: int) -> Samples:
    """Whole clip (N,) at `rate_in` to ``(ceil(N * 16000 / rate_in),)`` at 16 kHz, aligned: no delay remains.

    Raises:
        AudioError: `rate_in` outside 4000 to 768000.
    """
    resampler = Resampler(rate_in)
    y, state = resampler.step(x, resampler.init_state())
    return np.concatenate([y, resampler.flush(state)])


def _half_length(rate_in: int) -> int:
    """H: input samples on either side of an output, by Kaiser's formula ``2 H = (A - 7.95) / (2.285 * transition)``."""
    nyquist = min(rate_in, SAMPLE_RATE) / 2
    transition = 2 * math.pi * nyquist * (1 - PASSBAND) / rate_in
    return math.ceil((ATTENUATION_DB - 7.95) / (2.285 * transition) / 2)


@lru_cache(maxsize=8)
def _filter_bank(rate_in: int) -> NDArray[np.float64]:
    """Weights (phases + 1, 2 H) float64: row p is for outputs p / phases of an input sample after an input sample.

    Each row is scaled to sum 1, so that an offset passes through exactly.
    """
    half = _half_length(rate_in)
    phases = min(SAMPLE_RATE // math.gcd(rate_in, SAMPLE_RATE), MOST_PHASES)
    distance = np.arange(1 - half, half + 1) - np.arange(phases + 1)[:, None] / phases
    cutoff = min(rate_in, SAMPLE_RATE) * (1 + PASSBAND) / 2 / rate_in
    beta = 0.1102 * (ATTENUATION_DB - 8.7)
    window = np.i0(beta * np.sqrt(np.maximum(0, 1 - (distance / half) ** 2)))
    # The window's edge is left out on both sides, else the row at distance 0 would hold it on one side only.
    bank = np.where(np.abs(distance) < half, np.sinc(cutoff * distance) * window, 0)
    bank /= bank.sum(1, keepdims=True)
    bank.setflags(write=False)
    return np.asarray(bank)


def _sum_rows(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the last axis by halving."""
    while (width := products.shape[1]) > 1:
        half = width // 2
        folded = products[:, :half] + products[:, half : 2 * half]
        if width % 2:
            folded[:, 0] += products[:, -1]
        products = folded
    return products[:, 0]
