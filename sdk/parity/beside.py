"""What drives a stream beside its sound, for a replay: the signals an app gave, and the seed of the noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sdk.audio.clock import SampleClock
from sdk.bundle.trace import SignalRows, Trace
from sdk.runtime.executor import Array
from sdk.runtime.signals import first_to_see


@dataclass(frozen=True)
class Given:
    """One value of a signal, as `Session.push_signal` takes it, and the first frame that may see it."""

    name: str
    values: Mapping[str, Array]
    sample: int
    frame: int


@dataclass(frozen=True)
class Beside:
    """Signals and seed of a stream.

    Attributes:
        signals: name -> all values.
        seed: of the noise, None for the likeliest choices.
    """

    signals: Mapping[str, SignalRows] = field(default_factory=dict)
    seed: int | None = None

    @classmethod
    def of(cls, trace: Trace) -> Beside:
        """What drove the stream of a trace."""
        return cls(trace.signals, trace.seed)

    def in_order(self, clock: SampleClock) -> list[Given]:
        """All values by the frame that they are first seen by, those of one signal in their order."""
        every = []
        for name, rows in sorted(self.signals.items()):
            for row, sample in enumerate(rows.sample.tolist()):
                values = {key: value[row] for key, value in rows.tensors.items()}
                frame = first_to_see(clock, sample) if rows.seen_from is None else int(rows.seen_from[row])
                every.append(Given(name, values, sample, frame))
        return sorted(every, key=lambda given: given.frame)

    def repeated(self, period: int, end: int) -> Beside:
        """The signals of a stream of `period` samples at 16 kHz played again and again up to sample `end`.

        Every value is there in time, those that came late too.
        """
        times = max(1, -(-end // max(period, 1)))
        signals = {}
        for name, rows in self.signals.items():
            inside = rows.sample < period
            sample = np.concatenate([rows.sample[inside] + turn * period for turn in range(times)])
            kept = sample <= end
            tensors = {key: np.concatenate([value[inside]] * times)[kept] for key, value in rows.tensors.items()}
            signals[name] = SignalRows(sample[kept], tensors)
        return Beside(signals, self.seed)


NOTHING = Beside()
"""No signal, and the likeliest choices."""
