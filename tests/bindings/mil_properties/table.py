"""What a property of an operation is, and the strategies that all of them draw from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.bindings.mil_call import Array, Call

Oracle = Callable[..., Any]
"""Takes the arguments of the operation by name, as arrays and plain Python; gives one array or a tuple of them."""


@dataclass(frozen=True)
class Property:
    """One operation for all arguments of a kind.

    Attributes:
        calls: the arguments.
        oracle: the right answer; None where coremltools' own value is.
        halves: whether the operation exists in fp16.
        steps: largest error as a number of roundings of the result's largest value.
    """

    calls: SearchStrategy[Call]
    oracle: Oracle | None = None
    halves: bool = True
    steps: float = 4


seeds = st.integers(0, 2**32 - 1)


@st.composite
def floats(draw: DrawFn, shape: Sequence[int], low: float = -4, high: float = 4) -> Array:
    """An array: of any numbers, or of few that are exact in fp16 and often equal or halfway between two integers."""
    generator = np.random.default_rng(draw(seeds))
    if draw(st.booleans()):
        return generator.uniform(low, high, tuple(shape)).astype(np.float32)
    return (generator.integers(int(np.ceil(low * 2)), int(np.floor(high * 2)) + 1, tuple(shape)) / 2).astype(np.float32)


@st.composite
def integers(draw: DrawFn, shape: Sequence[int], low: int, high: int, dtype: Any = np.int32) -> Array:
    """Integers from `low` to `high`, the latter included."""
    return np.random.default_rng(draw(seeds)).integers(low, high, tuple(shape), endpoint=True).astype(dtype)


def booleans(shape: Sequence[int]) -> SearchStrategy[Array]:
    return integers(shape, 0, 1, np.bool_)


def shapes(low: int = 1, high: int = 4, largest: int = 4) -> SearchStrategy[list[int]]:
    """Ranks from `low` to `high`."""
    return st.lists(st.integers(1, largest), min_size=low, max_size=high)


def sides(count: int, largest: int = 4) -> SearchStrategy[list[int]]:
    """One shape of a rank."""
    return shapes(count, count, largest)


def axis_of(shape: Sequence[int]) -> SearchStrategy[int]:
    return st.integers(-len(shape), len(shape) - 1)


def maybe(draw: DrawFn, **settings: SearchStrategy[Any]) -> dict[str, Any]:
    """Some of `settings`: the others keep the operation's defaults."""
    return {name: draw(strategy) for name, strategy in settings.items() if draw(st.booleans())}
