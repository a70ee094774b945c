"""Parity of a model that chooses: labels agree or they do not, and after the first that does not the paths part.

A number that is off by a rounding error stays a number nearby. A choice between two nearly equal scores can flip, and
then everything that follows is another sequence, as good as the first. So outputs in the unit ``label`` are counted,
not measured; other outputs are measured up to the first step whose labels differ; and what comes after is judged by how
it moves: the mean and the spread of each element, over `MOTION_FRAMES` at least.

A float32 artefact has no such excuse on the same noise: its policy asks for every label. A coarser one must agree in
most labels when each step starts from the reference's state, and move alike where it runs free.

What is NaN or infinite is wrong after any choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sdk.bundle.manifest import Tolerance
from sdk.parity.findings import ChoiceAgreement, MotionDeviation, Problem
from sdk.parity.metrics import Values
from sdk.spec import StageSpec, TensorSpec

LABEL = "label"
"""Unit of outputs that are choices: whole numbers as floats."""
DEPENDENT = ("one-hot", "nat")
"""Units of outputs that restate a choice or score it: they have no motion of their own."""
MOTION_FRAMES = 150
"""Fewest frames that motion is judged over, the last of a stream: five seconds at 30 a second. The spread of a shorter
stretch is that of the few sounds in it."""


class ChoiceMeter:
    """Counts agreeing labels of one output over the steps of a stream."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._labels = self._equal = 0
        self._first: int | None = None

    def add(self, step: int, reference: Values, candidate: Values) -> bool:
        """Count one step; whether all its labels agree."""
        equal = int((reference == candidate).sum())
        self._labels += reference.size
        self._equal += equal
        if equal < reference.size and self._first is None:
            self._first = step
        return equal == reference.size

    def result(self) -> ChoiceAgreement:
        """The count so far."""
        return ChoiceAgreement(self.name, self._labels, self._equal, self._first)


def choice_meters(stage: StageSpec) -> dict[str, ChoiceMeter]:
    """A meter for each output of a stage that is a choice."""
    return {t.name: ChoiceMeter(f"{stage.name}.{t.name}") for t in stage.outputs if t.unit == LABEL}


def agreements(
    reference: Mapping[str, Values], candidate: Mapping[str, Values], names: Iterable[str], indices: Sequence[int]
) -> tuple[ChoiceAgreement, ...]:
    """Agreement of outputs (T, ...) held in memory; `indices` are the T steps'."""
    found = []
    for name in names:
        meter = ChoiceMeter(name)
        for index, expected, got in zip(indices, reference[name], candidate[name], strict=True):
            meter.add(index, expected, got)
        found.append(meter.result())
    return tuple(found)


def first_divergence(found: Iterable[ChoiceAgreement]) -> int | None:
    """The first step at which any label differs."""
    return min((each.first_bad_step for each in found if each.first_bad_step is not None), default=None)


def choice_problems(found: Iterable[ChoiceAgreement], tolerance: Tolerance, *, closed_loop: bool) -> list[Problem]:
    """Too few equal labels. In closed loop only a policy that asks for all of them counts: the rest is `motion`."""
    problems = []
    for each in found:
        if each.agreement >= tolerance.label_agreement or (closed_loop and tolerance.label_agreement < 1):
            continue
        share, allowed = f"{each.agreement:.4f} of {each.labels} labels agree", f"{tolerance.label_agreement:g}"
        message = f"{share}; allowed {allowed}; first other label at step {each.first_bad_step}"
        problems.append(Problem("output", each.name, message, each.first_bad_step))
    return problems


def is_motion(spec: TensorSpec | None) -> bool:
    """Whether an output moves: not a choice, its one-hot form or its score."""
    return spec is None or spec.unit not in (LABEL, *DEPENDENT)


def moving(frames: int, parted: int) -> slice:
    """Rows of a stream of `frames` that motion is judged over when the first other label is in row `parted`."""
    return slice(min(parted, max(0, frames - MOTION_FRAMES)), None)


def nonfinite_problems(name: str, values: Values, indices: Sequence[int]) -> list[Problem]:
    """NaN or infinity in outputs (T, ...) that answer to other labels; `indices` are the T steps'."""
    rows = np.nonzero(~np.isfinite(values))[0]
    if not len(rows):
        return []
    first, count = int(indices[rows[0]]), len(rows)
    return [Problem("nonfinite", name, f"{count} values are NaN or infinite, first at frame {first}", first)]


def motion_deviation(name: str, reference: Values, candidate: Values) -> MotionDeviation:
    """Compare how two outputs (T, ...) move, wherever each of them is at a time."""
    expected, got = (x.reshape(len(x), -1).astype(np.float64) for x in (reference, candidate))
    deviation, other = _rms(expected.std(0)), _rms(got.std(0))
    apart = _rms(got.mean(0) - expected.mean(0))
    if deviation == 0.0:
        return MotionDeviation(name, 0.0 if apart == 0 else float("inf"), 1.0 if other == 0 else float("inf"))
    return MotionDeviation(name, apart / deviation, other / deviation)


def motion_problems(found: Iterable[MotionDeviation], tolerance: Tolerance) -> list[Problem]:
    """Motion about another mean, or of another size, than a stream of other draws would have."""
    problems = []
    allowed = tolerance.motion_deviation
    least, most = 1 / (1 + allowed), 1 + allowed
    for each in found:
        if not each.mean <= allowed:
            message = f"after the first other label it moves about another mean, {each.mean:.2f} deviations off"
            problems.append(Problem("output", each.name, f"{message}; allowed {allowed:g}"))
        if not least <= each.spread <= most:
            message = f"after the first other label it moves {each.spread:.2f} times as far as the reference"
            problems.append(Problem("output", each.name, f"{message}; allowed {least:.2f} to {most:g}"))
    return problems


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(values).mean()))
