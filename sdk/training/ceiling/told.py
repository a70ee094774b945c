"""Rows that tell a model the phones in the place of the sound, as a recogniser that never errs would hand them on.

A row has the size of the task's own, so that the model stays as it is: two columns of 10 ms, and in each of them one
value for each phone, the time since that phone was told, and the loudness of the sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.errors import UsageError
from sdk.spec import SAMPLE_RATE
from sdk.training.cache import PreparedClip, has_part, part_name, write_part, write_whole
from sdk.training.phones import PHONE_INDEX, PHONES, SILENCE, TimedPhone
from sdk.training.prepare import PART_CLIPS
from sdk.training.task import HOP

COLUMNS = 2
"""Of a hop."""
ON, OFF = 6.0, -2.0
"""A phone that sounds, and one that does not: log-mel power of loud speech, and of what the encoder takes for 0."""
ELAPSED_RATE, LONGEST = 20.0, 0.4
"""Growth a second of the value that tells the time, and the seconds at which it stops."""
ELAPSED, LOUDNESS = len(PHONES), len(PHONES) + 1
"""Places in a column after the phones."""
EPSILON = 1e-9
"""Seconds, for times that are sums of hundredths."""

Rows = NDArray[np.float32]


def told_rows(features: Rows, phones: Sequence[TimedPhone], delay: float) -> Rows:
    """Rows for a clip.

    Args:
        features: (hops, F) of the task's front end, F even and at least 84; the mean of each half of a row is its
            loudness, as it is of log-mel power.
        phones: in order; silence where there is none.
        delay: seconds after its start at which a phone is told, at least 0.

    Returns:
        (hops, F); row k knows of no phone that starts after ``(k + 1) * 0.02 - delay`` seconds.

    Raises:
        UsageError: the rows have no room for it.
    """
    hops, width = features.shape
    if width % COLUMNS or width // COLUMNS <= LOUDNESS:
        problem = f"rows of {width} numbers have no room for {len(PHONES)} phones twice"
        raise UsageError("recipe", problem, "take a model with a log-mel encoder")
    times = (np.arange(COLUMNS * hops) + 1) * (HOP / COLUMNS / SAMPLE_RATE) - delay
    kind, elapsed = np.full(len(times), PHONE_INDEX[SILENCE]), np.zeros(len(times))
    for phone in phones:
        first, last = np.searchsorted(times, [phone.start - EPSILON, phone.end + EPSILON], side="right")
        kind[first:last] = PHONE_INDEX[phone.name]
        elapsed[first:last] = np.minimum(times[first:last] - phone.start, LONGEST)
    told = np.full((len(times), width // COLUMNS), OFF, np.float32)
    told[np.arange(len(times)), kind] = ON
    told[:, ELAPSED] = OFF + ELAPSED_RATE * elapsed
    told[:, LOUDNESS] = features.reshape(len(times), -1).mean(1)
    return told.reshape(features.shape)


def write_told(folder: Path, split: str, clips: Sequence[PreparedClip], delay: float) -> None:
    """Write the clips of a split with told rows as a prepared corpus; parts that are there already are kept.

    Raises:
        UsageError: as `told_rows`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(clips), PART_CLIPS)
    for number, start in enumerate(starts):
        name = part_name(split, number)
        if not has_part(folder, name):
            some = clips[start : start + PART_CLIPS]
            rows = [told_rows(np.asarray(clip.features), clip.phones, delay) for clip in some]
            write_part(folder, name, [replace(clip, features=told) for clip, told in zip(some, rows, strict=True)])
    write_whole(folder / f"{split}.done", str(len(starts)))
