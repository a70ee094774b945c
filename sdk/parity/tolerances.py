"""How far from its reference an artefact of each precision may be: one table, each row with its reason.

A bundle's manifest carries the tolerance its export passed, and that one rules; this table is where an export starts.
Bounds of tensors are fractions of the reference's range (`sdk.parity.metrics`), bounds of the face are millimetres,
milliseconds and percentage points (`sdk.parity.face`). Below 16 bits the face is the judge: its bounds say what a
viewer may lose; the tensors' are only there to catch a gross error (a wrong scale, a transposed weight) in any stage.
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
    "int8": ToleranceRow(
        Tolerance(
            max_abs_of_range=1e-1,
            rms_of_range=1e-2,
            digest_relative=2e-1,
            label_agreement=0.98,
            gain_error=1e-2,
            lip_error_mm=0.05,
            closure_points=1.0,
            lag_ms=2.0,
            sync_ms=10.0,
            jitter_mm=0.05,
        ),
        "Weights of 8 bits a channel and activations of 8 bits a token put 1 % RMS of noise on a layer. On the lips "
        "that may be 0.05 mm, half the noise of a face scan, and one closure in a hundred. Noise does not scale: a "
        "gain off by 1 % is a wrong scale.",
    ),
    "int8-static": ToleranceRow(
        Tolerance(
            max_abs_of_range=2e-1,
            rms_of_range=2e-2,
            digest_relative=4e-1,
            label_agreement=0.95,
            gain_error=2e-2,
            lip_error_mm=0.1,
            closure_points=2.0,
            lag_ms=3.0,
            sync_ms=15.0,
            jitter_mm=0.1,
        ),
        "Scales fixed by the calibration clip what was not in it and are coarse for quiet sound: about twice the error "
        "of scales that follow each step.",
    ),
    "palette6": ToleranceRow(
        Tolerance(
            max_abs_of_range=2e-1,
            rms_of_range=2e-2,
            digest_relative=3e-1,
            label_agreement=0.98,
            gain_error=3e-2,
            lip_error_mm=0.1,
            closure_points=2.0,
            lag_ms=2.0,
            sync_ms=10.0,
            jitter_mm=0.05,
        ),
        "64 values a weight tensor, found by k-means, put 0.7 to 1.6 % RMS on a layer; activations stay in half "
        "precision. Twice the lip error of int8 for three quarters of its size; one table serves a whole layer, so "
        "its rows are weakened or strengthened by a percent or two each.",
    ),
    "int4": ToleranceRow(
        Tolerance(
            max_abs_of_range=4e-1,
            rms_of_range=6e-2,
            digest_relative=5e-1,
            label_agreement=0.85,
            gain_error=5e-2,
            lip_error_mm=0.5,
            closure_points=5.0,
            lag_ms=5.0,
            sync_ms=25.0,
            jitter_mm=0.2,
        ),
        "16 values a group of 32 weights put 6 to 7 % RMS on a layer. 0.5 mm on the lips can be seen beside the "
        "reference, not alone; more than one closure in twenty is seen by anyone.",
    ),
    "palette4": ToleranceRow(
        Tolerance(
            max_abs_of_range=4e-1,
            rms_of_range=6e-2,
            digest_relative=5e-1,
            label_agreement=0.85,
            gain_error=5e-2,
            lip_error_mm=0.5,
            closure_points=5.0,
            lag_ms=5.0,
            sync_ms=25.0,
            jitter_mm=0.2,
        ),
        "16 values a weight tensor: 3 to 7 % RMS on a layer, as int4.",
    ),
    "mixed": ToleranceRow(
        Tolerance(
            max_abs_of_range=2e-1,
            rms_of_range=2e-2,
            digest_relative=4e-1,
            label_agreement=0.95,
            gain_error=5e-2,
            lip_error_mm=0.1,
            closure_points=2.0,
            lag_ms=3.0,
            sync_ms=15.0,
            jitter_mm=0.1,
        ),
        "Each layer as coarse as the budget for the lips lets it be. An export puts its budget, 0.05 mm unless it was "
        "given another, in the place of the 0.1 mm here. Layers in 4 bits weaken or strengthen a motion as in int4.",
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
