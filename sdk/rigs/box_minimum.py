"""The least value of a quadratic form within a box, by DAQP.

A dual active-set method: Arnstrom, Bemporad and Axehill, "A dual active-set solver for embedded quadratic programming
using recursive LDL^T updates", IEEE Transactions on Automatic Control, 2022. docs/fitting.md compares it with others.
"""

from __future__ import annotations

import numpy as np

from sdk.errors import MissingDependencyError, NumericalError
from sdk.rigs.head import Floats
from sdk.rigs.rigid import Doubles

SOLVED = 1
"""DAQP's exit flag of an optimal solution."""

BOUND_TOLERANCE = 1e-10
"""By how much a weight may leave its range inside DAQP; the result is clipped."""


def box_minimum(quadratic: Doubles, linear: Doubles, low: Floats, high: Floats, near: Doubles | None) -> Doubles:
    """(K,) the w within `low` and `high` at which ``w' quadratic w / 2 - linear' w`` is least.

    Args:
        quadratic: (K, K), symmetric and positive definite.
        linear: (K,).
        low: (K,).
        high: (K,).
        near: (K,) where to start from, such as the last frame's weights; it changes the time, not the result.

    Raises:
        NumericalError: DAQP gave up.
    """
    import daqp

    scale = 1 / np.sqrt(np.diag(quadratic))  # to a unit diagonal: DAQP's tolerances are absolute
    no_rows = np.zeros((0, len(linear)))
    bounds = high / scale, low / scale
    scaled = quadratic * np.outer(scale, scale)
    for start in (near,) if near is None else (near, None):
        solution, _, flag, _ = daqp.solve(
            scaled,
            -linear * scale,
            no_rows,
            *bounds,
            np.zeros(len(linear), np.int32),
            primal_tol=BOUND_TOLERANCE,
            primal_start=None if start is None else start / scale,
        )
        if flag == SOLVED and np.isfinite(solution).all():
            weights: Doubles = np.clip(solution * scale, low, high)
            return weights
    raise NumericalError("weights", f"DAQP ended with flag {flag}", "report the shapes; scale vertices to millimetres")


def require_daqp() -> None:
    """Fail with the name of the extra if DAQP is not installed.

    Raises:
        MissingDependencyError: it is not.
    """
    try:
        import daqp  # noqa: F401
        import scipy  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError("solver", str(error), 'install it with pip install "nowface[rigs]"') from error
