"""Linear maps from the weights of one rig to those of another, and the ones that ship with the SDK.

A map is a table in `maps/`, a CSV file named ``FROM-TO.csv`` whose header names both sets:

    two columns     channels that mean the same movement. A target is the mean of the sources listed with it, so one
                    source with four targets drives all four. The table serves both ways.
    three columns   source, target, weight: a target is the sum of its weighted sources. A row without a source holds
                    what the target is when all sources are 0. The table serves one way only.

A target that no row names stays 0: nothing is invented for it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import UsageError
from sdk.rigs.channel_set import ChannelSet, channel_set

FOLDER = Path(__file__).with_name("maps")
HUB = "arkit_52"
"""The set that pairs without a table of their own are mapped through."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RigMap:
    """``target = clamp(weights @ source + bias)``, clamped to the ranges of the target's channels.

    Attributes:
        source: what goes in, S channels.
        target: what comes out, T channels.
        weights: (T, S) float32, read-only.
        bias: (T,) float32, the target when all sources are 0, read-only.
    """

    source: ChannelSet
    target: ChannelSet
    weights: Floats
    bias: Floats

    def __post_init__(self) -> None:
        targets, sources = len(self.target.channels), len(self.source.channels)
        assert self.weights.shape == (targets, sources)
        assert self.bias.shape == (targets,)
        assert self.weights.dtype == self.bias.dtype == np.float32
        assert np.isfinite(self.weights).all()
        assert np.isfinite(self.bias).all()
        for array in (self.weights, self.bias):
            array.setflags(write=False)

    def apply(self, values: ArrayLike) -> Floats:
        """Weights of the target.

        Args:
            values: (..., S) weights of the source.

        Returns:
            (..., T) float32 within the ranges of the target's channels.

        Raises:
            UsageError: `values` has another last size or a value that is not finite.
        """
        array = np.asarray(values, np.float32)
        count = len(self.source.channels)
        if array.ndim == 0 or array.shape[-1] != count:
            raise UsageError("weights", f"shape {array.shape}", f"give (..., {count}) numbers of {self.source.name}")
        if not np.isfinite(array).all():
            raise UsageError("weights", "a value is not finite", "remove NaN and infinity")
        low, high = (np.array(limit, np.float32) for limit in (self.target.low, self.target.high))
        mapped: Floats = np.clip(array @ self.weights.T + self.bias, low, high)
        return mapped

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Channels of the target that no channel of the source moves."""
        return tuple(self.target.channels[row] for row in np.flatnonzero(~self.weights.any(axis=1)))

    @property
    def unused(self) -> tuple[str, ...]:
        """Channels of the source that move no channel of the target: what they show is lost."""
        return tuple(self.source.channels[column] for column in np.flatnonzero(~self.weights.any(axis=0)))

    def after(self, first: RigMap) -> RigMap:
        """`first`, then this map, as one. The clamp between the two is left out.

        Raises:
            UsageError: `first` does not give the channels that this map takes.
        """
        if first.target.channels != self.source.channels:
            raise UsageError(first.target.name, f"is not {self.source.name}", "chain maps that fit each other")
        bias = self.weights @ first.bias + self.bias
        return RigMap(first.source, self.target, self.weights @ first.weights, bias)


@cache
def rig_map(source_name: str, target_name: str) -> RigMap:
    """The map between two channel sets: its own table, or the way through `HUB`; the identity from a set to itself.

    Raises:
        UsageError: there is no set of such a name.
    """
    source, target = channel_set(source_name), channel_set(target_name)
    if source == target:
        return RigMap(source, target, np.eye(len(source.channels), dtype=np.float32), no_bias(target))
    table = FOLDER / f"{source_name}-{target_name}.csv"
    if table.exists():
        return read_table(table, source, target)
    reverse = FOLDER / f"{target_name}-{source_name}.csv"
    if reverse.exists() and len(rows_of(reverse)[0]) == 2:
        return read_table(reverse, source, target)
    assert HUB not in {source_name, target_name}, f"no table between {source_name} and {target_name}"
    return rig_map(HUB, target_name).after(rig_map(source_name, HUB))


def no_bias(target: ChannelSet) -> Floats:
    """(T,) zeros."""
    return np.zeros(len(target.channels), np.float32)


def rows_of(table: Path) -> list[list[str]]:
    """Rows of a table, its header first, without comments."""
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(line for line in file if not line.startswith("#")))


def read_table(table: Path, source: ChannelSet, target: ChannelSet) -> RigMap:
    """The map that a table of the SDK holds; one of two columns is read in either direction."""
    header, *rows = rows_of(table)
    weights = np.zeros((len(target.channels), len(source.channels)), np.float32)
    bias = no_bias(target)
    if len(header) == 2:
        from_column, to_column = header.index(source.name), header.index(target.name)
        for row in rows:
            weights[target.index(row[to_column]), source.index(row[from_column])] = 1
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
        return RigMap(source, target, weights, bias)
    assert header == [source.name, target.name, "weight"], f"{table.name}: header {header}"
    for from_name, to_name, weight in rows:
        if from_name:
            weights[target.index(to_name), source.index(from_name)] = float(weight)
        else:
            bias[target.index(to_name)] = float(weight)
    return RigMap(source, target, weights, bias)
