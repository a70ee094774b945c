"""Values that an app gives beside the sound, at its own pace, and what a frame sees of them.

A line holds the values of one signal that frames may still need, oldest first. It is a value: adding to it or trimming
it gives a new one, so that a snapshot is a reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sdk.audio.clock import SampleClock
from sdk.errors import SessionError, UsageError
from sdk.runtime.events import EventKind
from sdk.runtime.executor import Array
from sdk.runtime.given import copy_given
from sdk.spec import PipelineSpec, SignalSpec

ROWS_KEPT = 256
"""Most values of a signal that wait for their frames: over 4 s of a tracker at 60 a second."""


@dataclass(frozen=True, eq=False)
class Row:
    """Values at one time.

    Attributes:
        sample: absolute index at 16 kHz of the time they were captured at.
        tensors: name -> value.
    """

    sample: int
    tensors: Mapping[str, Array]


Lines = Mapping[str, tuple[Row, ...]]
"""Signal -> rows that frames may still need, oldest first."""


def no_rows(pipeline: PipelineSpec) -> Lines:
    """The start of a stream: nothing known of any signal."""
    return {signal.name: () for signal in pipeline.signals}


def find_signal(pipeline: PipelineSpec, name: str) -> SignalSpec:
    """The signal of that name.

    Raises:
        UsageError: the pipeline has none.
    """
    for signal in pipeline.signals:
        if signal.name == name:
            return signal
    names = ", ".join(signal.name for signal in pipeline.signals) or "none"
    raise UsageError(f"signal {name}", "the model has no such signal", f"its signals are: {names}")


def check_values(signal: SignalSpec, given: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Copies of the signal's tensors as float32, whatever their values: see `fault_of`.

    Raises:
        UsageError: one is missing, unknown, not numbers or of another shape.
    """
    return copy_given(given, signal.tensors, prefix=f"{signal.name}.", owner="signal", kind="tensor")


def fault_of(signal: SignalSpec, values: Mapping[str, Array]) -> tuple[EventKind, str] | None:
    """Why these values cannot be taken in, for an event; None if they can."""
    if not all(np.isfinite(value).all() for value in values.values()):
        return "non_finite_signal", f"{signal.name} holds NaN or infinite values: not taken in"
    for spec in signal.tensors:
        value = values[spec.name]
        beyond = value[(value < spec.low) | (value > spec.high)]
        if beyond.size:
            held = f"{signal.name}.{spec.name} holds {beyond[0]:g}"
            return "out_of_range_signal", f"{held}, beyond {spec.low:g} to {spec.high:g}: not taken in"
    return None


def check_sample(name: str, sample: int | None) -> int | None:
    """`sample` as it is.

    Raises:
        UsageError: it is neither None nor a whole number from 0 on.
    """
    if sample is not None and (isinstance(sample, bool) or not isinstance(sample, int) or sample < 0):
        raise UsageError(f"signal {name}", f"{sample!r} is no sample index", "give a whole number from 0 on, or None")
    return sample


def append(line: tuple[Row, ...], name: str, row: Row) -> tuple[tuple[Row, ...], int]:
    """The line with `row` at its end, and how many rows were dropped because too many wait.

    Raises:
        SessionError: the row is older than the newest one.
    """
    if line and row.sample < line[-1].sample:
        problem = f"captured at sample {row.sample}, before the newest at {line[-1].sample}"
        raise SessionError(f"signal {name}", problem, "push values in the order of their time")
    longer = (*line, row)
    dropped = max(0, len(longer) - ROWS_KEPT)
    return longer[dropped:], dropped


def trim(line: tuple[Row, ...], until: int) -> tuple[Row, ...]:
    """The line without rows that no frame from sample `until` on can see: all but the newest up to there."""
    past = sum(row.sample <= until for row in line)
    return line[max(0, past - 1) :]


def first_to_see(clock: SampleClock, sample: int) -> int:
    """Index of the first frame that sees a value of time `sample`, if it is there when the frame is computed."""
    return clock.frames_ready(sample - 1)


def seen(pipeline: PipelineSpec, lines: Lines, until: int) -> dict[str, Array]:
    """What a frame that may look up to sample `until` sees: ``SIGNAL.TENSOR`` -> value."""
    sources: dict[str, Array] = {}
    for signal in pipeline.signals:
        newest = next((row for row in reversed(lines[signal.name]) if row.sample <= until), None)
        held = newest is not None and until - newest.sample <= signal.hold_samples
        for spec in signal.tensors:
            value = newest.tensors[spec.name] if newest is not None and held else np.zeros(spec.shape, np.float32)
            sources[f"{signal.name}.{spec.name}"] = value
    return sources
