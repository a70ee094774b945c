"""An executor that measures another: how long each step of each stage takes."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from sdk.runtime.executor import Array, Executor


class TimedExecutor:
    """Passes every step on and keeps its wall-clock time.

    Args:
        executor: what is measured; not closed by this one.
    """

    def __init__(self, executor: Executor) -> None:
        self.target, self.precision = executor.target, executor.precision
        self._executor = executor
        self._seconds: dict[str, list[float]] = {}

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """One step; see `sdk.runtime.Executor`."""
        began = time.perf_counter()
        results = self._executor.run(stage, tensors)
        self._seconds.setdefault(stage, []).append(time.perf_counter() - began)
        return results

    def close(self) -> None:
        """Nothing to free: the measured executor belongs to another."""

    def seconds(self, stage: str) -> Array:
        """Time of each step of a stage so far, (steps,)."""
        return np.array(self._seconds.get(stage, []), np.float32)
