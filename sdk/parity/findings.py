"""What a comparison finds, as data: problems, digest errors and the comparison that holds them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sdk.bundle.manifest import Tolerance
from sdk.parity.face.figures import FaceFigures
from sdk.parity.metrics import TensorError
from sdk.spec import Clock

ProblemKind = Literal["input", "frames", "clock", "missing", "shape", "nonfinite", "output", "state", "face", "run"]


@dataclass(frozen=True)
class Problem:
    """One thing that was wrong.

    Attributes:
        kind: ``input`` the traces saw other audio, ``frames`` frames are missing or extra, ``clock`` a due sample
            differs, ``missing`` a tensor is absent, ``shape`` a tensor has another shape, ``nonfinite`` NaN or
            infinity, ``output`` an output is beyond tolerance, ``state`` a state is, ``face`` a figure of the face is,
            ``run`` the candidate failed while running.
        where: tensor or field.
        message: one line with the numbers.
        step: first frame (or hop) at which it shows, when one can be named.
    """

    kind: ProblemKind
    where: str
    message: str
    step: int | None = None


@dataclass(frozen=True)
class DigestError:
    """Error of a state tensor's digest over a stream.

    Attributes:
        name: ``stage.tensor``.
        max_relative: largest error of the digest over the frames, as a fraction of the reference tensor's largest RMS.
        first_bad_step: index of the first frame beyond tolerance; None when there is none.
    """

    name: str
    max_relative: float
    first_bad_step: int | None


@dataclass(frozen=True)
class ChoiceAgreement:
    """How many labels of one output agree.

    Attributes:
        name: ``stage.tensor``.
        labels: compared.
        equal: of them.
        first_bad_step: index of the first step with another label; None when all agree.
    """

    name: str
    labels: int
    equal: int
    first_bad_step: int | None

    @property
    def agreement(self) -> float:
        """Share of equal labels, 0 to 1."""
        return self.equal / self.labels if self.labels else 1.0


@dataclass(frozen=True)
class MotionDeviation:
    """How differently an output moves over a stream.

    Attributes:
        name: ``stage.tensor``.
        mean: RMS over elements of the difference of the means, in units of the reference's RMS deviation.
        spread: deviation of the candidate over that of the reference, both RMS over elements; 1 when equal.
    """

    name: str
    mean: float
    spread: float


@dataclass(frozen=True)
class Curve:
    """One number of the stream over time.

    Attributes:
        name: e.g. ``lip gap`` or a channel's.
        unit: ``1`` for pure numbers.
        reference: (T,).
        candidate: (T,).
    """

    name: str
    unit: str
    reference: tuple[float, ...]
    candidate: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        tolerance: what was demanded.
        frames: frames of the reference.
        outputs: error of each output, by name.
        states: error of each state tensor; values where they were compared, digests where only those are known.
        choices: agreement of each output that is a choice.
        motion: of outputs after choices that differ; empty when none does, or where steps stand alone.
        face: what the error costs on the face; None when that cannot be said.
        no_face: why it cannot; empty when nobody asked.
        curves: of the whole stream, for a picture.
        problems: what was wrong; empty when the candidate passes.
    """

    tolerance: Tolerance
    frames: int
    outputs: tuple[TensorError, ...]
    states: tuple[TensorError | DigestError, ...]
    problems: tuple[Problem, ...]
    choices: tuple[ChoiceAgreement, ...] = ()
    motion: tuple[MotionDeviation, ...] = ()
    face: FaceFigures | None = None
    no_face: str = ""
    curves: tuple[Curve, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems

    @property
    def first_problem(self) -> Problem | None:
        """The first problem found: traces that cannot be compared before values, outputs before states."""
        return self.problems[0] if self.problems else None

    @property
    def first_bad_step(self) -> int | None:
        """The earliest frame at which anything shows."""
        return min((p.step for p in self.problems if p.step is not None), default=None)


def value_problems(
    error: TensorError, tolerance: Tolerance, *, kind: ProblemKind = "output", hint: str = "", cut_short: bool = False
) -> list[Problem]:
    """What is wrong with one tensor's error: non-finite values, or beyond `tolerance`.

    With `cut_short` it is of the few steps before a model that chooses parted from the reference, and a gain's bound is
    wider by `gain_doubt`.
    """
    if error.nonfinite:
        first = step_text(error.clock, error.first_bad_step)
        message = f"{error.nonfinite} values are NaN or infinite, first at {first}"
        return [Problem("nonfinite", error.name, message, error.first_bad_step)]
    if error.first_bad_step is not None:
        message = (
            f"max abs {error.max_abs:.3g} {unit_text(error.unit)}is {error.max_abs_of_range:.2e} of range "
            f"at {step_text(error.clock, error.worst_step)}, element {list(error.worst_element)}; "
            f"allowed {tolerance.max_abs_of_range:.0e}; "
            f"first beyond at {step_text(error.clock, error.first_bad_step)}"
        )
        return [Problem(kind, error.name, f"{message}{hint and '; ' + hint}", error.first_bad_step)]
    if not error.rms_of_range <= tolerance.rms_of_range:
        message = f"RMS is {error.rms_of_range:.2e} of range; allowed {tolerance.rms_of_range:.0e}"
        return [Problem(kind, error.name, f"{message}{hint and '; ' + hint}")]
    if kind == "output" and tolerance.gain_error is not None:
        bound = tolerance.gain_error + (gain_doubt(error) if cut_short else 0.0)
        if abs(error.gain - 1) > bound:
            message = f"it is {error.gain:.4g} times the reference; allowed {1 - bound:.4g} to {1 + bound:.4g}"
            return [Problem(kind, error.name, message)]
    return []


def gain_doubt(error: TensorError) -> float:
    """How far a gain may be off for the noise beside it: the standard error of a slope over so many steps.

    What the gain does not explain is ``gain * tan(angle)`` of the reference, the angle being that of `cosine`; over n
    steps it averages to a root of n less. A model that chooses may part from the reference after a few frames at rest:
    there is next to no motion to take a scale from, and much noise beside it.
    """
    if not error.cosine > 0:
        return 0.0
    return error.gain * math.sqrt(max(0.0, 1 - error.cosine**2)) / error.cosine / math.sqrt(error.steps)


def step_text(clock: Clock, step: int | None) -> str:
    """A step in words: ``frame 12``, ``hop 3`` or ``preparation``."""
    return "preparation" if clock == "prepare" else f"{clock} {step}"


def unit_text(unit: str) -> str:
    """The unit with a space after it; nothing for pure numbers."""
    return "" if unit == "1" else f"{unit} "
