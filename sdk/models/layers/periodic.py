"""Periodic position without a counter: the phase of a period as a one-hot shift register, for any length of stream."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def sinusoid_table(rows: int, width: int) -> Tensor:
    """Sinusoidal table (rows, width): ``sin(p * 10000^(-2i/width))`` on even channels, cosine on odd.

    Source: FaceFormer (CVPR 2022), section 3.2, periodic positional encoding.
    """
    position = torch.arange(rows, dtype=torch.float32).reshape(-1, 1)
    frequency = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width))
    table = torch.zeros(rows, width)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency)
    return table


def temporal_bias(heads: int, period: int, window: int) -> Tensor:
    """FaceFormer's temporal bias by age, (heads, window): ``-slope * floor(age / period)``.

    Head h of n has the slope ``2^(-8 (h + 1) / n)``, for the published 4 heads 1/4, 1/16, 1/64, 1/256.
    Source: FaceFormer (CVPR 2022), section 3.2, biased causal self-attention; slopes after ALiBi (Press et al., ICLR
    2022).
    """
    slopes = torch.tensor([2.0 ** (-8.0 * (head + 1) / heads) for head in range(heads)])
    return -slopes.reshape(-1, 1) * (torch.arange(window) // period).float().reshape(1, -1)


@dataclass(frozen=True)
class PeriodState:
    """One-hot of the phase, without its first place: all zeros is phase 0, so that reset is the zero state."""

    phase: Tensor  # (1, period - 1)


class PeriodicEncoding(nn.Module):
    """Row ``t mod period`` of a table, for the t-th step.

    Args:
        table: (period, width), period at least 2.
    """

    table: Tensor
    minus: Tensor
    one: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.period = table.shape[0]
        self.register_buffer("table", table.T.contiguous())
        # One minus the sum as one linear with a bias: a scalar added to a linear without bias crashes coremltools 9.
        self.register_buffer("minus", -torch.ones(1, self.period - 1), persistent=False)
        self.register_buffer("one", torch.ones(1), persistent=False)

    def init_state(self) -> PeriodState:
        """Phase 0."""
        return PeriodState(phase=torch.zeros(1, self.period - 1))

    def step(self, state: PeriodState) -> tuple[Tensor, PeriodState]:
        """The next row, (1, width). The sum of a one-hot is exactly 0 or 1, so the register never drifts."""
        first = F.linear(state.phase, self.minus, self.one)
        phase = torch.cat([first, state.phase], 1)
        return F.linear(phase, self.table), PeriodState(phase=phase[:, : self.period - 1])

    def forward(self, length: int) -> Tensor:
        """Whole clip: rows of the first `length` steps, (length, width)."""
        return self.table.T[torch.arange(length, device=self.table.device) % self.period]
