"""One animated clip next to its reference, and the lip gap of both on one fine clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.head import default_head
from sdk.rigs.lip_curves import FINE_RATE, Array
from sdk.rigs.measure import lip_gap_basis
from sdk.training.phones import TimedPhone


@dataclass(frozen=True)
class ScoredClip:
    """What was made, what should have been made, and what was said.

    Attributes:
        predicted: (T, 52) weights, `sdk.rigs.arkit.ARKIT_52`; T at least 2.
        reference: (T, 52) weights of the teacher at the same times.
        times: (T,) seconds from the first sample, increasing: the frames' due times.
        phones: what is said.
        closures: (start, end) in seconds where the lips are shut for p, b and m: `MotionCurve.closures`.

    Raises:
        ValueError: shapes do not fit, times do not increase, or a value is not finite.
    """

    predicted: NDArray[np.float32]
    reference: NDArray[np.float32]
    times: Array
    phones: tuple[TimedPhone, ...]
    closures: tuple[tuple[float, float], ...]
    fine: FineGaps = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.predicted.shape != self.reference.shape or self.predicted.shape != (len(self.times), 52):
            raise ValueError(
                f"predicted {self.predicted.shape} and reference {self.reference.shape} are not both "
                f"({len(self.times)}, 52)"
            )
        if len(self.times) < 2 or not (np.diff(self.times) > 0).all():
            raise ValueError("a clip needs two frames or more, at increasing times")
        if not (np.isfinite(self.predicted).all() and np.isfinite(self.reference).all()):
            raise ValueError("a weight is not finite")
        times = np.arange(self.times[0], self.times[-1], 1 / FINE_RATE)
        predicted, reference = (np.interp(times, self.times, gap_mm(w)) for w in (self.predicted, self.reference))
        object.__setattr__(self, "fine", FineGaps(times=times, predicted=predicted, reference=reference))


@dataclass(frozen=True)
class FineGaps:
    """Lip gaps in millimetres at `FINE_RATE`, from the first frame on."""

    times: Array
    predicted: Array
    reference: Array

    def places(self, start: float, end: float) -> slice:
        """The values of the seconds from `start` to `end`, both included."""
        first, last = np.searchsorted(self.times, (start - 1e-9, end + 1e-9))
        return slice(int(first), int(last))


@cache
def _gap_basis() -> tuple[float, Array]:
    rest, per_channel = lip_gap_basis(default_head())
    return rest, per_channel.astype(np.float64)


def gap_mm(weights: NDArray[np.float32]) -> Array:
    """Lip gap on the default head in millimetres (T,) of weights (T, 52)."""
    rest, per_channel = _gap_basis()
    return rest + weights.astype(np.float64) @ per_channel
