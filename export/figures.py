"""What a target's record says of its artefacts, for the card and the command line alike."""

from __future__ import annotations

from collections import Counter

from sdk.bundle.manifest import TargetRecord


def largest_error(record: TargetRecord) -> float | None:
    """Largest closed-loop error as a fraction of the output's range; None when it was not measured."""
    return record.measured.get("closed_loop.max_abs_of_range")


def lip_error(record: TargetRecord) -> float | None:
    """Closed-loop RMS error in millimetres at the lips, of all vertices where no lips are known; None if neither is."""
    known = (record.measured.get(f"closed_loop.{word}_error_mm") for word in ("lip", "vertex"))
    return next((value for value in known if value is not None), None)


def quantised_layers(record: TargetRecord) -> str:
    """How many layers are in which form, such as ``27 int8, 4 int4``; ``none``."""
    counts = Counter(form for layers in record.layers.values() for form in layers.values())
    return ", ".join(f"{count} {form}" for form, count in counts.most_common()) or "none"


def outside_delegate(record: TargetRecord) -> str:
    """Operators outside the accelerated part, with commas between them; ``nothing`` when all are inside."""
    return ", ".join(record.undelegated) or "nothing"
