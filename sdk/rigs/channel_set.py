"""Channel sets: the named weights that a face rig takes, in their order, with the range of each.

One JSON file a set in `channel_sets/`, which tells its source. Names are what maps go by; positions are what an array
of weights goes by, and differ between sets that hold the same names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sdk.errors import UsageError

FOLDER = Path(__file__).with_name("channel_sets")


@dataclass(frozen=True)
class ChannelSet:
    """Names and ranges of the weights of a rig.

    Attributes:
        name: of the set, e.g. ``arkit_52``.
        channels: in the order of every (..., C) array of weights.
        low: least value of each channel.
        high: greatest value of each channel; above its `low`.
        source: where names, order and ranges come from.
        spellings: other names of the channels, each in the order of `channels`, e.g. ``gltf`` -> morph target names.
    """

    name: str
    channels: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    source: str
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        count = len(self.channels)
        assert 0 < count == len(set(self.channels)), f"{self.name}: channels are none or not unique"
        assert len(self.low) == len(self.high) == count, f"{self.name}: not one range a channel"
        assert all(low < high for low, high in zip(self.low, self.high, strict=True)), f"{self.name}: an empty range"
        for spelling in self.spellings.values():
            assert len(spelling) == len(set(spelling)) == count, f"{self.name}: a spelling is not one name a channel"

    def index(self, channel: str) -> int:
        """Position of a channel.

        Raises:
            UsageError: the set has none of that name.
        """
        try:
            return self.channels.index(channel)
        except ValueError:
            raise UsageError(channel, f"is no channel of {self.name}", f"it has {', '.join(self.channels)}") from None


def channel_sets() -> tuple[str, ...]:
    """Names of the sets that ship with the SDK."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def channel_set(name: str) -> ChannelSet:
    """The set of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in channel_sets():
        raise UsageError(name, "no such channel set", f"use one of {', '.join(channel_sets())}")
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    count = len(data["channels"])
    return ChannelSet(
        name=data["name"],
        channels=tuple(data["channels"]),
        low=(float(data["low"]),) * count,
        high=(float(data["high"]),) * count,
        source=data["source"],
        spellings={spelling: tuple(names) for spelling, names in data.get("spellings", {}).items()},
    )


def set_of(channels: Iterable[str]) -> ChannelSet | None:
    """The set with these very channels in this order; None if no set has them."""
    wanted = tuple(channels)
    return next((each for name in channel_sets() if (each := channel_set(name)).channels == wanted), None)
