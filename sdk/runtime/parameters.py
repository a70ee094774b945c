"""The parameters of a session, checked against the pipeline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from sdk.errors import UsageError
from sdk.runtime.executor import Array
from sdk.runtime.given import copy_given, wanted_numbers
from sdk.spec import PipelineSpec


def check_parameters(pipeline: PipelineSpec, given: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Copy the parameters into float32 arrays of the shapes that the pipeline names.

    Raises:
        UsageError: one is missing, unknown, not numbers, of another shape, or not finite in float32.
    """
    copied = copy_given(given, pipeline.parameters, prefix="parameter ", owner="model", kind="parameter")
    for spec in pipeline.parameters:
        if not np.isfinite(copied[spec.name]).all():
            problem = "it holds a value that is not finite in float32"
            raise UsageError(f"parameter {spec.name}", problem, wanted_numbers(spec))
    return copied
