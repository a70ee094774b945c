"""The parameters of a session, checked against the pipeline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from sdk.errors import UsageError
from sdk.runtime.executor import Array
from sdk.spec import PipelineSpec, TensorSpec


def check_parameters(pipeline: PipelineSpec, given: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Copy the parameters into float32 arrays of the shapes that the pipeline names.

    Raises:
        UsageError: one is missing, unknown, not numbers, of another shape, or not finite in float32.
    """
    wanted = {spec.name: spec for spec in pipeline.parameters}
    names = ", ".join(wanted) or "none"
    for name in given:
        if name not in wanted:
            raise UsageError(f"parameter {name}", "the model has no such parameter", f"its parameters are: {names}")
    for name, spec in wanted.items():
        if name not in given:
            raise UsageError(f"parameter {name}", "missing", f"give numbers of shape {spec.shape}")
    return {name: _check(spec, given[name]) for name, spec in wanted.items()}


def _check(spec: TensorSpec, value: ArrayLike) -> Array:
    subject = f"parameter {spec.name}"
    copied = copy_tensor(subject, spec, value)
    if not np.isfinite(copied).all():
        raise UsageError(subject, "it holds a value that is not finite in float32", _mend(spec))
    return copied


def copy_tensor(subject: str, spec: TensorSpec, value: ArrayLike) -> Array:
    """A float32 copy of what an app gives for a tensor; values that are not finite stay.

    Raises:
        UsageError: `value` is not numbers, or of another shape.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise UsageError(subject, f"not an array ({error})", _mend(spec)) from error
    if array.dtype.kind not in "fiub":
        raise UsageError(subject, f"its type is {array.dtype}", _mend(spec))
    if array.shape != spec.shape:
        raise UsageError(subject, f"its shape is {array.shape}", _mend(spec))
    with np.errstate(over="ignore"):
        return np.array(array, np.float32, order="C")


def _mend(spec: TensorSpec) -> str:
    return f"give finite numbers of shape {spec.shape}" + ("" if spec.unit == "1" else f" in {spec.unit}")
