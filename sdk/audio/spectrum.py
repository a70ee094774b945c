"""Power of the discrete Fourier transform as plain graph operations, in two stages instead of one large matrix.

With ``N = L S``, samples ``n = S i + j`` and bins ``k = p + L q``, the transform splits (Cooley and Tukey, "An
Algorithm for the Machine Calculation of Complex Fourier Series", 1965) into::

    X[p + L q] = sum_j e^(-2 pi i j q / S) e^(-2 pi i j p / N) sum_i x[S i + j] e^(-2 pi i i p / L)
                 ------ stage 2 --------- ----- twiddle ------ ------------- stage 1 ------------

Both stages are products with one small matrix each. A real signal needs only ``p <= L / 2``: the other bins are
conjugates of these. At 2048 points under a window of 800 the matrices take 50 kB instead of 6.6 MB, which a device
would read from memory for every column.

The bins of one q, and the conjugates of those of ``S - 1 - q``, are neighbours: L bins in a row. Stage 2 gives its q in
such pairs, low frequencies first, so that a band reads few of them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PowerSpectrum(nn.Module):
    """Squared magnitudes of a windowed real transform, all bins from 0 to half the length, at the places of `bins`.

    The window is the periodic Hann window ``0.5 - 0.5 cos(2 pi n / size)`` divided by the root of its energy, so that
    white noise of unit variance has power 1 in each bin. Behind it the transform is padded with zeros.

    Args:
        size: samples under the window.
        n_fft: length of the transform, at least `size`.
    """

    window: Tensor  # (size,)
    first: Tensor  # (2 P, size / S), of stage 1: real parts, then imaginary ones, of P bins
    first_turned: Tensor  # (2 P, size / S), the same times -i
    twiddle_cosine: Tensor  # (S, 2 P)
    twiddle_sine: Tensor  # (S, 2 P)
    second: Tensor  # (2 S, 2 S), of stage 2

    def __init__(self, size: int, n_fft: int) -> None:
        super().__init__()
        assert size <= n_fft, f"a window of {size} does not fit {n_fft} samples"
        self.size, self.n_fft = size, n_fft
        self.short = _short_length(size, n_fft)
        self.long = n_fft // self.short
        self.kept = self.long // 2 + 1
        cosine, sine = _turns(self.kept, size // self.short, self.long)
        twiddle_cosine, twiddle_sine = _turns(self.short, self.kept, n_fft)
        second_cosine, second_sine = (table[self._order()] for table in _turns(self.short, self.short, self.short))
        tables = {
            "window": _window(size),
            "first": torch.cat([cosine, -sine]),
            "first_turned": torch.cat([-sine, -cosine]),
            "twiddle_cosine": twiddle_cosine.repeat(1, 2),
            "twiddle_sine": twiddle_sine.repeat(1, 2),
            "second": torch.cat(
                [torch.cat([second_cosine, second_sine], 1), torch.cat([-second_sine, second_cosine], 1)]
            ),
        }
        for name, table in tables.items():
            self.register_buffer(name, table.float(), persistent=False)

    @property
    def bins(self) -> Tensor:
        """Bin, 0 to n_fft / 2, of each output (P, S); -1 for those that repeat an earlier one.

        Along the second axis frequencies rise, by L bins with every second place.
        """
        places = torch.arange(self.kept)[:, None] + self.long * self._order()
        folded = torch.minimum(places, self.n_fft - places)
        seen: set[int] = set()
        found = []
        for place in folded.reshape(-1).tolist():
            found.append(-1 if place in seen else place)
            seen.add(place)
        return torch.tensor(found).reshape(folded.shape)

    def _order(self) -> Tensor:
        """(S,) each q beside ``S - 1 - q``."""
        pairs = torch.stack([torch.arange(self.short), torch.arange(self.short - 1, -1, -1)], 1)
        return pairs.reshape(-1)[: self.short]

    def forward(self, windows: Tensor) -> Tensor:
        """Samples (n, size) to powers (n, P, S)."""
        count = windows.shape[0]
        columns = (windows * self.window).reshape(count, -1, self.short).permute(0, 2, 1)
        turned = F.linear(columns, self.first_turned) * self.twiddle_sine
        inner = F.linear(columns, self.first) * self.twiddle_cosine + turned
        rows = inner.reshape(count, self.short, 2, self.kept).permute(0, 3, 2, 1)
        outer = F.linear(rows.reshape(count, self.kept, 2 * self.short), self.second)
        squares = outer * outer
        return squares[:, :, : self.short] + squares[:, :, self.short :]


def _short_length(size: int, n_fft: int) -> int:
    """The S, of those that divide both, with the fewest multiplications."""
    common = math.gcd(size, n_fft)

    def cost(short: int) -> int:
        kept = n_fft // short // 2 + 1
        return 4 * size * kept + 4 * kept * short * short

    return min((short for short in range(1, common + 1) if common % short == 0), key=cost)


def _window(size: int) -> Tensor:
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * torch.arange(size, dtype=torch.float64) / size)
    return hann / hann.square().sum().sqrt()


def _turns(rows: int, columns: int, length: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine, each (rows, columns) float64, of ``2 pi row column / length``."""
    # Reduced modulo the length before the multiplication by pi, so that large products lose no digits.
    turns = torch.outer(torch.arange(rows), torch.arange(columns)) % length
    angle = 2 * math.pi / length * turns.double()
    return torch.cos(angle), torch.sin(angle)
