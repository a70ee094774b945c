"""State digests of two traces, tensor by tensor."""

from __future__ import annotations

import math

import numpy as np

from sdk.bundle.manifest import Tolerance
from sdk.bundle.trace import Integers, Trace
from sdk.parity.findings import DigestError, Problem


def compare_digests(
    reference: Trace, candidate: Trace, ours: Integers, theirs: Integers, tolerance: Tolerance
) -> tuple[tuple[DigestError, ...], list[Problem]]:
    """Digests by state tensor; the problems begin with the first tensor to diverge."""
    problems: list[Problem] = []
    absent = [name for name in reference.digest_names if name not in candidate.digest_names]
    if absent:
        problems.append(Problem("missing", absent[0], f"the candidate has no digest of {len(absent)} state tensors"))
    errors: list[DigestError] = []
    for column, name in enumerate(reference.digest_names):
        if name in absent or not len(ours):
            continue
        expected = reference.digests[ours, column].astype(np.float64)
        got = candidate.digests[theirs, candidate.digest_names.index(name)].astype(np.float64)
        scale = float(expected[:, 0].max()) or 1.0
        error = np.abs(got - expected).max(1) / scale
        error = np.where(np.isfinite(error), error, np.inf)
        bad = np.flatnonzero(error > tolerance.digest_relative)
        first = int(reference.index[ours[bad[0]]]) if len(bad) else None
        errors.append(DigestError(name, float(error.max()), first))
    diverged = sorted((e for e in errors if e.first_bad_step is not None), key=lambda e: e.first_bad_step or 0)
    for error_of in diverged:
        worst = "not finite" if math.isinf(error_of.max_relative) else f"off by {error_of.max_relative:.2e} of its RMS"
        message = f"{worst}; allowed {tolerance.digest_relative:.0e}; first beyond at frame {error_of.first_bad_step}"
        problems.append(Problem("state", error_of.name, message, error_of.first_bad_step))
    return tuple(errors), problems
