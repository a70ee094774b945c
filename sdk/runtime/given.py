"""Tensors that an app gives by name, checked against what the pipeline names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from sdk.errors import UsageError
from sdk.runtime.executor import Array
from sdk.spec import TensorSpec


def copy_given(
    given: Mapping[str, ArrayLike], wanted: Sequence[TensorSpec], *, prefix: str, owner: str, kind: str
) -> dict[str, Array]:
    """Float32 copies of all tensors in `wanted`, by name; values that are not finite stay, the caller decides.

    Args:
        given: what the app gave.
        wanted: what the `owner` names.
        prefix: of a tensor's name in messages.
        owner: what has the tensors, such as ``model``, for messages.
        kind: what it calls them, such as ``parameter``, for messages.

    Raises:
        UsageError: one is missing, unknown, not numbers or of another shape.
    """
    specs = {spec.name: spec for spec in wanted}
    for name in given:
        if name not in specs:
            names = ", ".join(specs) or "none"
            raise UsageError(f"{prefix}{name}", f"the {owner} has no such {kind}", f"it has {names}")
    for name, spec in specs.items():
        if name not in given:
            raise UsageError(f"{prefix}{name}", "missing", f"give numbers of shape {spec.shape}")
    return {name: _copy(f"{prefix}{name}", spec, given[name]) for name, spec in specs.items()}


def wanted_numbers(spec: TensorSpec) -> str:
    """What to give for a tensor, as the mend of an error."""
    return f"give finite numbers of shape {spec.shape}" + ("" if spec.unit == "1" else f" in {spec.unit}")


def _copy(subject: str, spec: TensorSpec, value: ArrayLike) -> Array:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise UsageError(subject, f"not an array ({error})", wanted_numbers(spec)) from error
    if array.dtype.kind not in "fiub":
        raise UsageError(subject, f"its type is {array.dtype}", wanted_numbers(spec))
    if array.shape != spec.shape:
        raise UsageError(subject, f"its shape is {array.shape}", wanted_numbers(spec))
    with np.errstate(over="ignore"):
        return np.array(array, np.float32, order="C")
