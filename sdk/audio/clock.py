"""The sample clock: which animation frame is due at which absolute 16 kHz sample.

Frame t shows the time ``(t + 1) / rate``: it is due at sample ``ceil((t + 1) * 16000 * den / num)`` and may use the
samples before ``due + lookahead`` only. Every answer is computed from the frame's index alone in integers of any size,
so nothing accumulates and a stream of a day is as exact as its first second.
"""

from __future__ import annotations

from dataclasses import dataclass

from sdk.errors import UsageError
from sdk.spec import SAMPLE_RATE, FrameRate, PipelineSpec


@dataclass(frozen=True)
class SampleClock:
    """Frames and hops by absolute sample index.

    Args:
        frame_rate: animation frames a second, at most one a sample so that due samples strictly increase.
        hop: samples of one hop, at 16 kHz.
        lookahead_samples: samples after its due sample that a frame may use; 0 is zero lookahead.

    Raises:
        UsageError: more than 16000 frames a second, `hop` below 1 or `lookahead_samples` below 0.
    """

    frame_rate: FrameRate
    hop: int
    lookahead_samples: int = 0

    def __post_init__(self) -> None:
        if self.frame_rate.fraction > SAMPLE_RATE:
            raise UsageError("frame rate", f"{self.frame_rate} is above {SAMPLE_RATE} a second", "use a lower rate")
        if self.hop < 1:
            raise UsageError("hop", f"{self.hop} is not a number of samples", "use 1 or more")
        if self.lookahead_samples < 0:
            raise UsageError("lookahead", f"{self.lookahead_samples} samples is negative", "use 0 or more")

    @classmethod
    def of(cls, pipeline: PipelineSpec) -> SampleClock:
        """The clock that a pipeline runs on, its lookahead included."""
        return cls(pipeline.frame_rate, pipeline.hop, pipeline.lookahead_samples)

    def due(self, index: int) -> int:
        """Sample at which frame `index` (0 or more) is due: ``ceil((index + 1) * 16000 * den / num)``."""
        return -(-(index + 1) * SAMPLE_RATE * self.frame_rate.den // self.frame_rate.num)

    def frames_ready(self, samples: int) -> int:
        """Number of frames that `samples` samples suffice for: those with ``due + lookahead <= samples``.

        Inverse of `due`: ``due(t) <= s`` is ``(t + 1) * 16000 * den <= s * num``, for `s` is an integer.
        """
        usable = max(0, samples - self.lookahead_samples)
        return usable * self.frame_rate.num // (SAMPLE_RATE * self.frame_rate.den)

    def frames_covering(self, samples: int) -> int:
        """Number of frames that a whole clip of `samples` samples gives: ``ceil(samples * rate / 16000)``."""
        return -(-samples * self.frame_rate.num // (SAMPLE_RATE * self.frame_rate.den))

    def newest_hop(self, index: int) -> int:
        """Index of the newest hop that is complete for frame `index`; -1 if none is."""
        return self._usable(index) // self.hop - 1

    def phase(self, index: int) -> float:
        """Part of a hop, in [0, 1), that has passed since the newest complete hop when frame `index` is computed."""
        return self._usable(index) % self.hop / self.hop

    def _usable(self, index: int) -> int:
        return self.due(index) + self.lookahead_samples
