"""What the gate hands out: cases and their report, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sdk.parity.findings import Comparison

Mode = Literal["closed_loop", "teacher_forced", "device"]
Verdict = Literal["pass", "fail", "not run"]


@dataclass(frozen=True)
class CaseKey:
    """What one case checks.

    Attributes:
        target: e.g. ``onnx``; for a device trace what the device says it ran.
        precision: e.g. ``fp32``.
        mode: ``closed_loop`` the whole session, ``teacher_forced`` each step alone, ``device`` a trace from elsewhere.
        requested: asked for by name, so that not being able to run it is a failure.
    """

    target: str
    precision: str
    mode: Mode
    requested: bool = False

    @property
    def id(self) -> str:
        """For test names: ``onnx-fp32-closed_loop``."""
        return f"{self.target}-{self.precision}-{self.mode}"


@dataclass(frozen=True)
class Case:
    """What a case found: either a comparison or the reason why there is none.

    Attributes:
        key: what was checked.
        comparison: its numbers; None when it was not run.
        not_run: why it was not run; None when it was.
        frame_ms: median compute time of a frame in milliseconds, where the mode measures one.
        metadata: what the candidate's trace says of itself.
    """

    key: CaseKey
    comparison: Comparison | None
    not_run: str | None = None
    frame_ms: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """``pass``, ``fail`` or ``not run``."""
        if self.comparison is None:
            return "not run"
        return "pass" if self.comparison.passed else "fail"

    @property
    def summary(self) -> str:
        """One line: why it was not run, or what was wrong first, or ``pass``."""
        if self.comparison is None:
            return f"not run here: {self.not_run}"
        problem = self.comparison.first_problem
        return f"{problem.where}: {problem.message}" if problem else "pass"

    @property
    def acceptable(self) -> bool:
        """Whether the gate may open: it passed, or could not run and nobody asked for it by name."""
        return self.verdict == "pass" or (self.verdict == "not run" and not self.key.requested)


@dataclass(frozen=True)
class ParityReport:
    """All cases of one bundle.

    Attributes:
        bundle: its folder as given.
        model: name of the model.
        sdk: version that checked.
        machine: what it was checked on.
        cases: in the manifest's order.
        sizes: target and precision -> bytes of its artefacts.
    """

    bundle: str
    model: str
    sdk: str
    machine: str
    cases: tuple[Case, ...]
    sizes: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every case is acceptable and at least one was run: what was not checked proves nothing."""
        return all(case.acceptable for case in self.cases) and any(case.comparison for case in self.cases)

    @property
    def first_failure(self) -> str | None:
        """One line on the first case that is not acceptable; None when all are."""
        for case in self.cases:
            if not case.acceptable:
                return f"{case.key.target} {case.key.precision} {case.key.mode}: {case.summary}"
        return None if self.passed else "no target could be run here, so nothing was checked"

    def measured(self, target: str, precision: str) -> dict[str, float]:
        """The worst finite numbers of a target, for the manifest; empty when the target was not run.

        Of outputs ``MODE.max_abs_of_range`` and ``MODE.rms_of_range``; of a model that chooses
        ``MODE.label_agreement``; of a face ``MODE.FIGURE``, as `FaceFigures.measured` has them.
        """
        worst: dict[str, float] = {}
        for case in self.cases:
            if case.comparison is None or (case.key.target, case.key.precision) != (target, precision):
                continue
            for choice in case.comparison.choices:
                key = f"{case.key.mode}.label_agreement"
                worst[key] = min(choice.agreement, worst.get(key, 1.0))
            if case.comparison.face is not None:
                worst |= {f"{case.key.mode}.{name}": value for name, value in case.comparison.face.measured().items()}
            for error in case.comparison.outputs:
                for name in ("max_abs_of_range", "rms_of_range"):
                    key, value = f"{case.key.mode}.{name}", getattr(error, name)
                    if math.isfinite(value):
                        worst[key] = max(value, worst.get(key, 0.0))
        return worst

    def count(self, verdict: Verdict) -> int:
        """How many cases have that verdict."""
        return sum(case.verdict == verdict for case in self.cases)
