"""A user's own rig as one JSON file: its channels, their ranges, and what moves each of them.

    {
      "nowface_rig": 1,
      "name": "my_avatar",
      "source": "arkit_52",
      "channels": [
        {"name": "Mouth_Open", "high": 100, "weights": {"jawOpen": 100, "mouthClose": -40}},
        {"name": "Blink_L", "weights": {"eyeBlinkLeft": 1}},
        {"name": "Ear_Wiggle"}
      ]
    }

A channel is ``clamp(bias + sum(weight * source channel), low, high)``. Channels may name only channels of the source,
which is one of the sets of the SDK, so nothing can depend on itself. The order of `channels` is the order of the
rig's values; no other order matters.
"""

from __future__ import annotations

import json
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, FiniteFloat, StringConstraints, ValidationError

from sdk.bundle.errors import shown
from sdk.bundle.json_text import MAX_BYTES, parse_object
from sdk.errors import BundleError
from sdk.rigs.channel_set import ChannelSet, channel_set, channel_sets
from sdk.rigs.errors import RigError
from sdk.rigs.rig_map import HUB, RigMap, rig_map
from sdk.spec import LARGEST_HALF, Record

ChannelName = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
Weight = Annotated[FiniteFloat, Field(ge=-LARGEST_HALF, le=LARGEST_HALF)]
"""A number that targets in half precision can hold."""
MEND = "mend the file; docs/rigs.md shows the form"


class RigChannel(Record):
    """One channel of a rig.

    Attributes:
        name: of the channel, as the avatar has it.
        weights: channel of the source -> what it adds at 1; a channel without any stays at its `bias`.
        bias: the value at rest, within the range.
        low: least value.
        high: greatest value.
    """

    name: ChannelName
    weights: dict[ChannelName, Weight] = Field(default_factory=dict)
    bias: Weight = 0.0
    low: Weight = 0.0
    high: Weight = 1.0


class RigFile(Record):
    """All of a rig's file.

    Attributes:
        nowface_rig: version of the format.
        name: of the rig.
        source: the channel set whose channels the weights name.
        channels: in the order of the rig's values.
        note: for people.
    """

    nowface_rig: Literal[1]
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]
    source: str = HUB
    channels: Annotated[tuple[RigChannel, ...], Field(min_length=1)]
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


def find_rig(name_or_path: str | Path, source: str = HUB) -> RigMap:
    """What an option ``--rig`` names: the map from `source` to a channel set of the SDK, or to the rig in a file.

    Args:
        name_or_path: name of a channel set, or a JSON file of `RigFile`.
        source: name of the channel set that goes in. A file that is written for another set is reached through it.

    Raises:
        RigError: there is neither a set nor a file of that name, or the file is no rig.
        UsageError: there is no channel set `source`.
    """
    if str(name_or_path) in channel_sets():
        return rig_map(source, str(name_or_path))
    if not Path(name_or_path).is_file() and Path(name_or_path).suffix != ".json":
        raise RigError(
            shown(str(name_or_path)),
            "is neither a rig of the SDK nor a file",
            f"give a JSON file or one of {', '.join(channel_sets())}",
        )
    rig = read_rig(name_or_path)
    return rig if rig.source.name == source else rig.after(rig_map(source, rig.source.name))


def read_rig(path: Path | str) -> RigMap:
    """The map to the rig in a JSON file.

    Raises:
        RigError: the file cannot be read, is not JSON of the form `RigFile`, names a channel twice or one that its
            source does not have, or holds a range that is empty or without the channel's bias.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RigError(path, f"cannot be read: {error.strerror or error}", "give a JSON file of a rig") from error
    try:
        # Strict, and from text again: numbers in quotes and other near misses are mistakes, not to be guessed at.
        rig = RigFile.model_validate_json(json.dumps(parse_object(data, path)), strict=True)
    except BundleError as error:
        raise RigError(path, error.problem, MEND) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RigError(path, f"{shown(place)}: {shown(first['msg'], 200)}", MEND) from error
    return as_map(rig, path)


def as_map(rig: RigFile, path: Path | str) -> RigMap:
    """The map that a rig's file describes; `path` is what errors name. Raises RigError as `read_rig` does."""
    if rig.source not in channel_sets():
        raise RigError(
            path, f"source {shown(rig.source)!r} is no channel set", f"use one of {', '.join(channel_sets())}"
        )
    source = channel_set(rig.source)
    names = [channel.name for channel in rig.channels]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise RigError(path, f"channel {shown(twice[0])!r} stands twice", "give each channel one entry")
    weights = np.zeros((len(names), len(source.channels)), np.float32)
    for row, channel in enumerate(rig.channels):
        if not np.float32(channel.low) < np.float32(channel.high):
            problem = f"channel {shown(channel.name)!r} has the range {channel.low:g} to {channel.high:g}"
            raise RigError(path, problem, "give a low below its high")
        if not channel.low <= channel.bias <= channel.high:
            problem = f"channel {shown(channel.name)!r} rests at {channel.bias:g}"
            raise RigError(path, problem, f"give a bias from {channel.low:g} to {channel.high:g}")
        for name, weight in channel.weights.items():
            weights[row, known(source, name, channel.name, path)] = weight
    target = ChannelSet(
        name=rig.name,
        channels=tuple(names),
        low=tuple(channel.low for channel in rig.channels),
        high=tuple(channel.high for channel in rig.channels),
        source=str(path),
    )
    return RigMap(source, target, weights, np.array([channel.bias for channel in rig.channels], np.float32))


def known(source: ChannelSet, name: str, channel: str, path: Path | str) -> int:
    """Position of a channel that a file names, or a RigError that tells the nearest name."""
    if name in source.channels:
        return source.channels.index(name)
    near = get_close_matches(name, source.channels, 1, 0.5)
    mend = f"use {near[0]}" if near else f"`channel_set('{source.name}')` lists them"
    raise RigError(path, f"channel {shown(channel)!r} names {shown(name)!r}, which {source.name} does not have", mend)


def write_rig(path: Path | str, rig: RigMap) -> None:
    """Write a map as a rig's file, to start one's own from: zero weights are left out.

    Raises:
        OSError: `path` cannot be written.
    """
    target = rig.target
    channels = [
        {
            "name": name,
            "weights": {rig.source.channels[s]: float(rig.weights[row, s]) for s in np.flatnonzero(rig.weights[row])},
            "bias": float(rig.bias[row]),
            "low": target.low[row],
            "high": target.high[row],
        }
        for row, name in enumerate(target.channels)
    ]
    data = {"nowface_rig": 1, "name": target.name, "source": rig.source.name, "channels": channels}
    Path(path).write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
