"""What a session tells about a stream that did not go as it should: events one by one, a report in sums."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

EventKind = Literal[
    "dropped_audio",
    "non_finite_audio",
    "clipped_audio",
    "restarted_state",
    "dropped_signal",
    "non_finite_signal",
    "out_of_range_signal",
]

EVENTS_KEPT = 256
"""A session keeps its newest events only, so that a stream of any length costs the same memory."""


@dataclass(frozen=True)
class Event:
    """Something the session put right by itself.

    Attributes:
        kind: ``dropped_audio`` (the queue was full), ``non_finite_audio`` (NaN or infinite samples became zeros),
            ``clipped_audio`` (samples beyond [-1, 1]), ``restarted_state`` (a stage gave a non-finite value),
            ``dropped_signal`` (too many values waited), ``non_finite_signal`` (values with NaN were not taken),
            ``out_of_range_signal`` (values beyond the signal's range were not taken).
        sample: absolute index at 16 kHz where it happened: of the first sample dropped, of the first sample of the push
            at fault, of the end of the newest hop, or of the signal's time.
        count: samples dropped, zeroed (at the rate they were pushed) or clipped, rows of a signal; 1 for a restart.
        message: one sentence for a log.
    """

    kind: EventKind
    sample: int
    count: int
    message: str


@dataclass(frozen=True)
class Report:
    """Sums over a stream since its start. A snapshot carries them, a reset sets them to zero.

    Attributes:
        samples: length of the stream at 16 kHz: taken in, dropped and padded.
        frames: frames given out.
        dropped_samples: samples at 16 kHz that left the queue unread because it was full.
        skipped_frames: frames never computed because their newest audio was dropped.
        non_finite_samples: samples that were NaN or infinite, at the rate they were pushed.
        clipped_samples: samples beyond [-1, 1], at the rate they were pushed.
        restarts: times the state was set to its start because a stage gave a non-finite value.
        signals: values of signals taken in.
        dropped_signals: values of signals not taken in because they were not finite or beyond the signal's range, or
            dropped because too many waited for their frames.
    """

    samples: int = 0
    frames: int = 0
    dropped_samples: int = 0
    skipped_frames: int = 0
    non_finite_samples: int = 0
    clipped_samples: int = 0
    restarts: int = 0
    signals: int = 0
    dropped_signals: int = 0


class Ledger:
    """Report and events of one stream, as they are written."""

    def __init__(self, report: Report | None = None) -> None:
        self.report = report or Report()
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)

    @property
    def events(self) -> tuple[Event, ...]:
        """The newest events, oldest first."""
        return tuple(self._events)

    def count(self, **more: int) -> None:
        """Add to the report's fields of these names."""
        sums = {name: getattr(self.report, name) + count for name, count in more.items()}
        self.report = replace(self.report, **sums)

    def tell(self, kind: EventKind, sample: int, count: int, message: str) -> None:
        """Write an event."""
        self._events.append(Event(kind, sample, count, message))
