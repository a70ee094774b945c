"""Draws that several effects make."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Maker = Callable[[int, np.random.Generator], Samples]
"""Takes a number of samples and a generator."""


def log_uniform(ends: tuple[float, float], generator: np.random.Generator) -> float:
    """A number between both ends, whose logarithm is drawn evenly."""
    return float(np.exp(generator.uniform(*np.log(ends))))


def one_of(makers: Mapping[str, Maker], likely: Mapping[str, int], generator: np.random.Generator) -> Maker:
    """One of `makers`, each as often as `likely` says of its name, or once."""
    odds = np.array([likely.get(name, 1) for name in makers], np.float64)
    return list(makers.values())[int(generator.choice(len(odds), p=odds / odds.sum()))]
