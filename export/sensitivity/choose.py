"""The smallest choice within a budget, from what each layer costs alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from export.precision import Form
from export.sensitivity.budget import Budget
from export.sensitivity.sweep import Layers, Option

SHRINK = 0.7
"""Errors of single layers are added as if independent; where together they are larger, the aim is lowered by this."""
TRIES = 12
"""0.7 ** 12 is 1.4 %: whatever then is over the budget is left in the base altogether."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        options: one for each layer, the base included.
        lip_error_mm: measured of all together.
    """

    options: tuple[Option, ...]
    lip_error_mm: float

    @property
    def layers(self) -> dict[str, dict[str, Form]]:
        """Stage -> layer -> form, without those in the base."""
        chosen: dict[str, dict[str, Form]] = {}
        for option in self.options:
            if option.form is not None:
                chosen.setdefault(option.stage, {})[option.layer] = option.form
        return chosen

    @property
    def bytes(self) -> int:
        """Of all layers' weights and scales."""
        return sum(option.bytes for option in self.options)


def choose(rows: Sequence[Sequence[Option]], budget: Budget, error: Callable[[Layers], float]) -> Choice:
    """The smallest choice whose measured error is within `budget`.

    Args:
        rows: of each layer its options, among them the base.
        budget: in millimetres at the lips.
        error: measures a choice.
    """
    aim = budget.lip_error_mm
    for _ in range(TRIES):
        options = smallest(rows, aim)
        choice = Choice(options, 0.0)
        measured = error(choice.layers)
        if measured <= budget.lip_error_mm:
            return Choice(options, measured)
        aim *= SHRINK
    return Choice(tuple(row[0] for row in rows), 0.0)


def smallest(rows: Sequence[Sequence[Option]], aim: float) -> tuple[Option, ...]:
    """The smallest options whose errors, added as squares, stay within `aim`.

    Every layer begins in its smallest form; then, as long as the sum is too large, the layer changes to another of its
    options that lowers the squared error most for a byte.
    """
    chosen = [min(row, key=lambda option: (option.bytes, option.lip_error_mm)) for row in rows]
    while math.fsum(option.lip_error_mm**2 for option in chosen) > aim**2:
        steps = [
            ((now.lip_error_mm**2 - better.lip_error_mm**2) / max(1, better.bytes - now.bytes), index, better)
            for index, (now, row) in enumerate(zip(chosen, rows, strict=True))
            for better in row
            if better.lip_error_mm < now.lip_error_mm
        ]
        if not steps:
            break
        _, index, better = max(steps, key=lambda step: step[0])
        chosen[index] = better
    return tuple(chosen)
