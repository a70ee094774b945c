"""How far a tensor of a stream is from its reference, measured step by step so that a stream of any length fits.

The yardstick is the reference's *range*: how far its most mobile element travels over the stream (peak to peak). A face
at rest spans 200 mm while its lips move 10 mm; an error is a fraction of the 10, or a mute face would look right. Two
rules keep the yardstick sensible where little moves: with a single step it is the spread over the elements, and it is
never less than one hundredth of the largest magnitude (float32 rounds 200 mm to 1.5e-5 mm).

The signal of the SNR is, likewise, the reference about each element's own mean over the stream, and so is that of the
gain and the cosine similarity. Rounding is noise: it lowers the SNR and leaves the gain at 1. A wrong scale does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.spec import Clock

Values = NDArray[np.float32]

STILL_FRACTION = 0.01
"""Least range as a fraction of the largest magnitude, for tensors that hardly move."""


@dataclass(frozen=True)
class Distance:
    """Euclidean distance between vertices, in the tensor's unit."""

    maximum: float
    mean: float
    worst_step: int
    worst_vertex: int


@dataclass(frozen=True)
class TensorError:
    """Error of one tensor over a stream.

    A step is one run of the tensor's stage: a frame, a hop, or the one preparation of a session. All numbers are finite
    or ``inf``; a non-finite candidate value counts as an infinite error.

    Attributes:
        name: ``stage.tensor``.
        unit: unit of `max_abs`, `rms` and `distance`.
        clock: of the tensor's stage, which says what a step is.
        steps: how many steps were compared.
        reference_range: the yardstick (see the module's words), > 0.
        max_abs: largest absolute error.
        max_abs_of_range: the same as a fraction of `reference_range`.
        rms: root of the mean squared error over all elements and steps.
        rms_of_range: the same as a fraction of `reference_range`.
        snr_db: 10 log10(signal power / error power); ``inf`` when exact, ``-inf`` when nothing moves and an error is.
        cosine: similarity of candidate and reference, both less the reference's mean, in [-1, 1]; NaN when the
            reference does not move or an error is infinite.
        gain: slope of the candidate over the reference by least squares; NaN likewise.
        worst_step: index of the step with the largest error.
        worst_element: position of that error in the tensor, e.g. (vertex, axis).
        first_bad_step: index of the first step beyond `max_abs` tolerance; None when there is none.
        nonfinite: how many values of the candidate are NaN or infinite.
        distance: only for vertices, shape (..., 3).
        per_step: largest absolute error of each step.
    """

    name: str
    unit: str
    clock: Clock
    steps: int
    reference_range: float
    max_abs: float
    max_abs_of_range: float
    rms: float
    rms_of_range: float
    snr_db: float
    cosine: float
    gain: float
    worst_step: int
    worst_element: tuple[int, ...]
    first_bad_step: int | None
    nonfinite: int
    distance: Distance | None
    per_step: tuple[float, ...]


class ErrorMeter:
    """Adds up the error of one tensor over the steps of a stream.

    Args:
        name: ``stage.tensor``.
        unit: the tensor's unit.
        clock: of its stage.
        vertices: whether the last dimension is x, y, z, so that distances mean something.
    """

    def __init__(self, name: str, unit: str = "1", clock: Clock = "frame", *, vertices: bool = False) -> None:
        self.name = name
        self.unit = unit
        self.clock = clock
        self.vertices = vertices
        self._indices: list[int] = []
        self._per_step: list[float] = []
        self._squared_error = 0.0
        self._elements = 0
        self._nonfinite = 0
        self._worst: tuple[float, int, tuple[int, ...]] = (-1.0, 0, ())
        self._distance_sum, self._distance_count = 0.0, 0
        self._far: tuple[float, int, int] = (-1.0, 0, 0)
        self._signal: _Signal | None = None

    @property
    def steps(self) -> int:
        """Steps compared so far."""
        return len(self._indices)

    def add(self, index: int, reference: Values, candidate: Values) -> None:
        """Compare one step. Shapes are equal; the reference is finite."""
        assert reference.shape == candidate.shape, f"{self.name}: {reference.shape} is not {candidate.shape}"
        exact = reference.astype(np.float64)
        finite = np.isfinite(candidate)
        error = np.where(finite, np.where(finite, candidate, 0).astype(np.float64) - exact, np.inf)
        size = np.abs(error)
        worst = int(size.argmax())
        self._indices.append(index)
        self._per_step.append(float(size.flat[worst]))
        if self._per_step[-1] > self._worst[0]:
            self._worst = (self._per_step[-1], index, tuple(int(i) for i in np.unravel_index(worst, size.shape)))
        self._squared_error += float(np.square(error).sum())
        self._elements += error.size
        self._nonfinite += int(error.size - finite.sum())
        self._signal = self._signal or _Signal(exact)
        self._signal.add(exact, error)
        if self.vertices:
            self._add_distance(index, error)

    def widen(self, reference: Values) -> None:
        """Let a step of the reference that is not compared count for the range; not before a step was compared."""
        assert self._signal is not None, f"{self.name}: no step was compared"
        self._signal.widen(reference.astype(np.float64))

    def _add_distance(self, index: int, error: NDArray[np.float64]) -> None:
        distance = np.sqrt(np.square(error).sum(-1)).reshape(-1)
        far = int(distance.argmax())
        self._distance_sum += float(distance.sum())
        self._distance_count += distance.size
        if distance[far] > self._far[0]:
            self._far = (float(distance[far]), index, far)

    def result(self, max_abs_of_range: float) -> TensorError:
        """The measured error, with the first step whose error exceeds `max_abs_of_range` of the range."""
        assert self._signal is not None, f"{self.name}: no step was compared"
        reach = self._signal.range()
        rms = math.sqrt(self._squared_error / self._elements)
        bound = max_abs_of_range * reach
        first_bad = next((i for i, e in zip(self._indices, self._per_step, strict=True) if not e <= bound), None)
        power, shared = self._signal.power(), self._signal.shared()
        distance = None
        if self.vertices:
            distance = Distance(self._far[0], self._distance_sum / self._distance_count, *self._far[1:])
        return TensorError(
            name=self.name,
            unit=self.unit,
            clock=self.clock,
            steps=len(self._indices),
            reference_range=reach,
            max_abs=self._worst[0],
            max_abs_of_range=self._worst[0] / reach,
            rms=rms,
            rms_of_range=rms / reach,
            snr_db=decibels(power, self._squared_error),
            cosine=_cosine(power, shared, self._squared_error),
            gain=1 + shared / power if power else math.nan,
            worst_step=self._worst[1],
            worst_element=self._worst[2],
            first_bad_step=first_bad,
            nonfinite=self._nonfinite,
            distance=distance,
            per_step=tuple(self._per_step),
        )


class _Signal:
    """Range and power of the reference, and what it shares with the error, kept per element as the steps come.

    Variance and covariance are Welford's (1962).
    """

    def __init__(self, first: NDArray[np.float64]) -> None:
        self._steps = self._seen = 0
        self._low, self._high = first.copy(), first.copy()
        self._mean, self._squares = np.zeros_like(first), np.zeros_like(first)
        self._error_mean, self._shared = np.zeros_like(first), 0.0

    def add(self, step: NDArray[np.float64], error: NDArray[np.float64]) -> None:
        self._steps += 1
        self.widen(step)
        away = step - self._mean
        self._mean += away / self._steps
        self._squares += away * (step - self._mean)
        if np.isfinite(error).all():
            self._error_mean += (error - self._error_mean) / self._steps
            self._shared += float((away * (error - self._error_mean)).sum())
        else:
            self._shared = math.nan

    def widen(self, step: NDArray[np.float64]) -> None:
        self._seen += 1
        np.minimum(self._low, step, out=self._low)
        np.maximum(self._high, step, out=self._high)

    def range(self) -> float:
        spread = self._high - self._low if self._seen > 1 else self._high.max() - self._low.min()
        travel = float(np.max(spread))
        magnitude = float(np.maximum(np.abs(self._low), np.abs(self._high)).max())
        return max(travel, STILL_FRACTION * magnitude) or 1.0

    def power(self) -> float:
        if self._steps > 1:
            return float(self._squares.sum())
        return float(np.square(self._mean).sum())

    def shared(self) -> float:
        """Sum over steps and elements of the error times what `power` squares; NaN after an infinite error."""
        if self._steps > 1 or math.isnan(self._shared):
            return self._shared
        return float((self._error_mean * self._mean).sum())


def _cosine(power: float, shared: float, squared_error: float) -> float:
    """Of r and r + e, from the sums over r^2, r e and e^2."""
    other = power + 2 * shared + squared_error
    if not power or not 0 < other < math.inf:
        return math.nan
    return min(1.0, max(-1.0, (power + shared) / math.sqrt(power * other)))


def decibels(signal: float, error: float) -> float:
    """10 log10(signal / error); ``inf`` for no error, ``-inf`` for no signal or an infinite error."""
    if error == 0.0:
        return math.inf
    if signal == 0.0 or math.isinf(error):
        return -math.inf
    return 10.0 * math.log10(signal / error)


def measure(
    name: str,
    reference: Values,
    candidate: Values,
    max_abs_of_range: float,
    *,
    indices: Sequence[int],
    unit: str = "1",
    vertices: bool = False,
    later: Iterable[Values] = (),
) -> TensorError:
    """Error of a whole stream held in memory, or of its beginning.

    Args:
        name: ``stage.tensor``.
        reference: (T, ...) finite, T >= 1.
        candidate: (T, ...).
        max_abs_of_range: tolerance for `TensorError.first_bad_step`.
        indices: index of each of the T steps.
        unit: the tensor's unit.
        vertices: whether the last dimension is x, y, z.
        later: steps (...) of the reference behind the T that are compared, which count for its range.
    """
    meter = ErrorMeter(name, unit, vertices=vertices)
    for index, expected, got in zip(indices, reference, candidate, strict=True):
        meter.add(int(index), expected, got)
    for step in later:
        meter.widen(step)
    return meter.result(max_abs_of_range)
