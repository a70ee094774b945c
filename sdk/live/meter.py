"""How late frames are, in numbers that cost the same however long the stream is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdk.live.sources import Block
from sdk.spec import SAMPLE_RATE

BIN_MS, BINS = 0.1, 50_000
"""Times are counted in steps of a tenth of a millisecond up to five seconds."""


class Times:
    """Quantiles of any number of times in milliseconds, to `BIN_MS`; the largest is exact."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self.largest = 0.0

    def add(self, milliseconds: float) -> None:
        """Count one; below zero, which clocks of two devices can give, counts as zero."""
        self._counts[min(BINS - 1, max(0, int(milliseconds / BIN_MS)))] += 1
        self.largest = max(self.largest, milliseconds)

    def quantile(self, share: float) -> float | None:
        """Milliseconds that `share` of the times do not exceed; None without one."""
        total = self._counts.sum()
        if not total:
            return None
        at = int(np.searchsorted(self._counts.cumsum(), share * total))
        return min(self.largest, (at + 1) * BIN_MS)

    def document(self) -> dict[str, float | None]:
        """JSON-able: median, 95th percentile and largest."""
        largest = round(self.largest, 3) if self._counts.any() else None
        rounded = {
            name: None if (found := self.quantile(share)) is None else round(found, 3)
            for name, share in (("median", 0.5), ("p95", 0.95))
        }
        return rounded | {"max": largest}


@dataclass
class Meter:
    """Counts of one stream.

    Attributes:
        rate: samples a second of the source.
        period: seconds between two frames.
        lookahead_samples: at 16 kHz.
        push_to_frame: from the push of the sound that completes a frame, or from the frame before where that came
            later, to the frame: what this machine spends.
        sound_to_frame: from the moment at which the last sample that a frame needs was heard to the frame: the same,
            and what the block and the queue before it cost.
        frames, late: frames, and those of them that came more than a frame's period after their sound.
        busy: seconds spent in pushing and computing.
        pushed: samples taken in, at `rate`.
        level_dbfs: of the newest block, root mean square against full scale.
    """

    rate: int
    period: float
    lookahead_samples: int = 0
    push_to_frame: Times = field(default_factory=Times)
    sound_to_frame: Times = field(default_factory=Times)
    frames: int = 0
    late: int = 0
    busy: float = 0.0
    pushed: int = 0
    level_dbfs: float = -120.0
    newest_ms: float = 0.0
    _heard: float = 0.0
    _ready: float = 0.0

    def push(self, block: Block, now: float) -> None:
        """A block was pushed at `now`."""
        self.pushed += len(block.pcm)
        self._heard = block.heard
        self._ready = now
        with np.errstate(all="ignore"):
            power = float(np.square(np.nan_to_num(block.pcm), dtype=np.float64).mean()) if len(block.pcm) else 0.0
        self.level_dbfs = 10 * float(np.log10(max(power, 1e-12)))

    def frame(self, due_sample: int, now: float) -> None:
        """A frame came out at `now`."""
        needed = (due_sample + self.lookahead_samples) / SAMPLE_RATE
        heard = self._heard - (self.pushed / self.rate - needed)
        apart = now - heard
        self.frames += 1
        self.late += apart > self.period
        self.newest_ms = 1000 * (now - self._ready)
        self.push_to_frame.add(self.newest_ms)
        self.sound_to_frame.add(1000 * apart)
        self._ready = now

    @property
    def seconds(self) -> float:
        """Of sound taken in."""
        return self.pushed / self.rate

    @property
    def real_time_factor(self) -> float:
        """Seconds of work for a second of sound."""
        return self.busy / self.seconds if self.pushed else 0.0
