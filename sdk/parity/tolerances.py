"""How far from its reference an artefact of each precision may be: one table, each row with its reason.

A bundle's manifest carries the tolerance its export passed, and that one rules; this table is where an export starts.
All bounds are fractions of the reference's range (`sdk.parity.metrics`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sdk.bundle.manifest import Tolerance
from sdk.errors import TargetError


@dataclass(frozen=True)
class ToleranceRow:
    """A precision's tolerance and why it is what it is."""

    tolerance: Tolerance
    reason: str


TOLERANCES = {
    "fp32": ToleranceRow(
        Tolerance(max_abs_of_range=1e-4, rms_of_range=2e-5, digest_relative=1e-3),
        "Same arithmetic in another order: a float32 sum of 1,000 terms is off by about 1e-6 of its range, and "
        "feedback through the decoder multiplies that by some tens. 1e-4 of a 10 mm motion is 1 micrometre.",
    ),
    "fp16": ToleranceRow(
        Tolerance(max_abs_of_range=1e-2, rms_of_range=3e-3, digest_relative=5e-2, label_agreement=0.98),
        "A half-precision number is off by up to 4.9e-4 of its size, each layer adds to it and feedback carries it on. "
        "1e-2 of a 10 mm motion is 0.1 mm, the noise of a face scan. A starting point: the export records what it "
        "measured. Two categories whose scores lie closer than the rounding may change places: one choice in fifty.",
    ),
}


def tolerance_for(precision: str) -> Tolerance:
    """The starting tolerance of a precision.

    Raises:
        TargetError: no row for that precision.
    """
    if precision not in TOLERANCES:
        raise TargetError(precision, "no tolerance is known for this precision", f"use one of {', '.join(TOLERANCES)}")
    return TOLERANCES[precision].tolerance
