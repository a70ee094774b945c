"""Executors that go wrong in one way, around one that is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from sdk.errors import MissingDependencyError
from sdk.runtime.eager import EagerExecutor
from sdk.runtime.executor import Array, Executor, ExecutorSource
from tests.toy import toy_stages

Spoil = Callable[[str, Mapping[str, Array], dict[str, Array], int], dict[str, Array]]
"""(stage, tensors given, results, number of this run of the stage) -> results."""


class SpoiltExecutor:
    """The eager toy, whose results pass through `spoil`."""

    target, precision = "fake", "fp32"

    def __init__(self, spoil: Spoil | None = None, inner: Executor | None = None) -> None:
        self.spoil = spoil or (lambda stage, given, results, run: results)
        self.inner = inner or EagerExecutor(toy_stages())
        self.runs: dict[str, int] = {}

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        run = self.runs.get(stage, 0)
        self.runs[stage] = run + 1
        return self.spoil(stage, tensors, self.inner.run(stage, tensors), run)

    def close(self) -> None:
        self.inner.close()


def perturbed(amount: float) -> Executor:
    """One weight of the decoder differs by a fraction `amount` of itself."""
    stages = toy_stages()
    with torch.no_grad():
        stages[2].mix.weight[0, 0] *= 1 + amount
    return SpoiltExecutor(inner=EagerExecutor(stages))


def shifted() -> Executor:
    """The decoder shows the vertices of the frame before."""
    last: list[Array] = []

    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        if stage != "motion_decoder":
            return results
        last.append(results["vertices"])
        return {**results, "vertices": last[max(0, run - 1)]}

    return SpoiltExecutor(spoil)


def swapped() -> Executor:
    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        if stage != "motion_decoder":
            return results
        return {**results, "coefficients": results["coefficients"][:, [1, 0, 2, 3, 4, 5, 6, 7]].copy()}

    return SpoiltExecutor(spoil)


def stale(stage_at_fault: str, state: str) -> Executor:
    """One state tensor is given back as it came."""

    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        return {**results, state: given[state].copy()} if stage == stage_at_fault else results

    return SpoiltExecutor(spoil)


def scaled(factor: float) -> Executor:
    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        if stage != "motion_decoder":
            return results
        return {**results, "vertices": results["vertices"] * np.float32(factor)}

    return SpoiltExecutor(spoil)


def poisoned(first: int, last: int) -> Executor:
    """Vertices hold a NaN in runs first..last of the decoder."""

    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        if stage == "motion_decoder" and first <= run <= last:
            results["vertices"][2, 1] = np.nan
        return results

    return SpoiltExecutor(spoil)


def crashing() -> Executor:
    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        if run == 3:
            raise RuntimeError("the foreign runtime gave up")
        return results

    return SpoiltExecutor(spoil)


def open_close(source: ExecutorSource) -> Executor:
    return perturbed(1e-6)


def open_wrong(source: ExecutorSource) -> Executor:
    return shifted()


def open_crashes(source: ExecutorSource) -> Executor:
    return crashing()


def open_needs_package(source: ExecutorSource) -> Executor:
    raise MissingDependencyError(source.target, "its package is not installed", "pip install nowface[fakes]")
