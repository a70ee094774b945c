"""Causal level normaliser: the streaming stand-in for scaling a whole clip to zero mean and unit variance.

wav2vec 2.0 and FaceFormer were published with ``(x - mean) / std`` over the whole clip, which needs the future. Here
the mean and the power are exponential averages over the hops up to and including the newest one. One hop of samples x,
with mean square p about the running mean, updates, with A = hop / 3 s::

    age    += A (1 - age)                 mean  += A (mean(x) - mean)      all hops count for the offset
    active  = (p / (p + F))^8 (K + (1 - K) (p / (p + F + R power))^8)      0 for silence, near 1 for speech
    weight += A active (1 - weight)       power += A active (p - power)    only speech counts for the level
    prior   = C (1 - weight)^16                                            fades as speech is heard
    y       = (x - mean / age) / sqrt((power + prior P) / (weight + prior))

`age` and `weight` correct the start-up bias of averages that begin at zero, so the all-zero state is a reset. Powers
are held in units of -40 dBFS, where speech from -60 dBFS to full scale fits in half precision. No hop comes out louder
than ``1 / sqrt(A)``, 12 times the unit, however sudden it is.

The level is frozen in silence: sound far below F never moves it, so a quiet room stays quiet for hours. Sound more than
about 25 dB below the level heard so far (`R`) moves it K times as slowly: pauses between sentences do not raise the
noise, yet a microphone turned down for good is followed in the end.

How close it comes, in any three seconds of a synthetic voice with pauses: from -40 dBFS to clipping, within 2.5 dB of
unit variance from the first second on; at -50 dBFS within 3.5 dB; at -60 dBFS within 5 dB after 4 s, for its fainter
syllables pass for silence. A rise of 20 dB is followed to 3 dB within 4 s, a fall of 20 dB within 24 s. Noise of
-75 dBFS alone stays 40 dB below unit variance for an hour. `tests/audio/test_level.py` holds these figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.spec import SAMPLE_RATE

WINDOW_SECONDS = 3.0
"""Time constant of both averages, in seconds of speech."""
ACTIVITY_FLOOR_DBFS = -71.0
"""F: mean square against full scale 1.0; half the weight is reached 10.5 dB above it."""
RELATIVE_FLOOR_DB = -35.0
"""R: the same against the level heard so far."""
LEAK = 1 / 40
"""K: share of the weight that sound below R keeps."""
PRIOR_DBFS = -26.0
"""P: level assumed before any speech, the nominal active speech level of ITU-T P.56 recordings."""
PRIOR_WEIGHT = 0.05
"""C: the prior counts as much as 0.15 s of speech."""

SCALE = 100.0
"""Samples are multiplied by this, so that a power of 1 is -40 dBFS."""


@dataclass(frozen=True)
class LevelState:
    """The averages; zeros before the stream."""

    age: Tensor  # (1, 1) 1 - exp(-time / window)
    mean: Tensor  # (1, 1) biased average of the samples, units of -40 dBFS amplitude
    weight: Tensor  # (1, 1) 1 - exp(-speech time / window)
    power: Tensor  # (1, 1) biased average of the active power, units of -40 dBFS


class LevelNormaliser(nn.Module):
    """Scales hops to about zero mean and unit variance from the past alone.

    A hop uses its own samples but none after it. The gain is constant within a hop.

    Args:
        hop: samples of one step, at 16 kHz.
    """

    full_precision = True
    """An average over seconds moves by less than half precision's step: fp16 targets keep this layer in fp32."""

    average: Tensor  # (1, hop) constant

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.rate = hop / (WINDOW_SECONDS * SAMPLE_RATE)
        # A mean as a constant linear: XNNPACK has no reduction and would leave its delegate for it.
        self.register_buffer("average", torch.full((1, hop), 1 / hop), persistent=False)

    def init_state(self) -> LevelState:
        """Nothing heard: the prior level, no offset."""
        return LevelState(*(torch.zeros(1, 1) for _ in range(4)))

    def step(self, x: Tensor, state: LevelState) -> tuple[Tensor, LevelState]:
        """Normalise one hop.

        Args:
            x: (1, hop) finite samples, full scale 1.0.
            state: what the step before gave.

        Returns:
            y (1, hop) of about unit variance, and the next state.
        """
        scaled = x * SCALE
        # 1.0: XNNPACK's partition would leave the cast of an integer outside its delegate.
        age = state.age + self.rate * (1.0 - state.age)
        mean = state.mean + self.rate * (F.linear(scaled, self.average) - state.mean)
        centred = scaled - mean / age
        p = F.linear(centred * centred, self.average)

        absolute = _eighth(p / (p + _power(ACTIVITY_FLOOR_DBFS)))
        relative = _eighth(p / (p + _power(ACTIVITY_FLOOR_DBFS) + _ratio(RELATIVE_FLOOR_DB) * state.power))
        rate = self.rate * absolute * (LEAK + (1 - LEAK) * relative)
        weight = state.weight + rate * (1.0 - state.weight)
        power = state.power + rate * (p - state.power)

        unheard = _eighth(1.0 - weight)
        prior = PRIOR_WEIGHT * unheard * unheard
        variance = (power + prior * _power(PRIOR_DBFS)) / (weight + prior)
        return centred / torch.sqrt(variance), LevelState(age, mean, weight, power)

    def forward(self, x: Tensor) -> Tensor:
        """Whole clip (1, N), N a multiple of `hop`, hop by hop from the zero state; same shape."""
        assert x.shape[1] % self.hop == 0, f"{x.shape[1]} samples are not whole hops of {self.hop}"
        state, hops = self.init_state(), []
        for start in range(0, x.shape[1], self.hop):
            y, state = self.step(x[:, start : start + self.hop], state)
            hops.append(y)
        return torch.cat(hops, 1) if hops else x


def _eighth(x: Tensor) -> Tensor:
    squared = x * x
    fourth = squared * squared
    return fourth * fourth


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 10))


def _power(dbfs: float) -> float:
    return _ratio(dbfs) * SCALE * SCALE
