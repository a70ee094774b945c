"""What a target's record says of its artefacts, for the card and the command line alike."""

from __future__ import annotations

from sdk.bundle.manifest import TargetRecord


def largest_error(record: TargetRecord) -> float | None:
    """Largest closed-loop error as a fraction of the output's range; None when it was not measured."""
    return record.measured.get("closed_loop.max_abs_of_range")


def outside_delegate(record: TargetRecord) -> str:
    """Operators outside the accelerated part, with commas between them; ``nothing`` when all are inside."""
    return ", ".join(record.undelegated) or "nothing"
