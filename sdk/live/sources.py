"""Where the sound of a live stream comes from, and when each sample of it was heard."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Clock(Protocol):
    """Seconds from some fixed moment, never backwards."""

    def now(self) -> float:
        """Seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; not at all for zero or less."""
        ...


class WallClock:
    """The machine's own."""

    def now(self) -> float:
        """Seconds of `time.perf_counter`."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            time.sleep(seconds)


@dataclass(frozen=True, eq=False)
class Block:
    """Samples that came together.

    Attributes:
        pcm: (N,) float32, full scale 1.0.
        heard: seconds on the clock at which the last of them had been heard.
    """

    pcm: NDArray[np.float32]
    heard: float


class Source(Protocol):
    """Sound at the pace of the world: it does not wait for whoever listens."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def rate(self) -> int:
        """Samples a second."""
        ...

    @property
    def ended(self) -> bool:
        """Whether no more will come."""
        ...

    @property
    def overflows(self) -> int:
        """Times that the device lost sound before it came here."""
        ...

    def start(self) -> None:
        """Begin to listen."""
        ...

    def take(self) -> list[Block]:
        """What was heard since the last call; at once, and perhaps nothing."""
        ...

    def wait(self) -> None:
        """Return when more may have come, within a tenth of a second."""
        ...

    def close(self) -> None:
        """Stop listening. More than once does no harm."""
        ...


class FileSource:
    """A recording, heard as if it were spoken now: in blocks, each as soon as its last sample would have sounded."""

    overflows = 0

    def __init__(self, name: str, pcm: NDArray[np.float32], rate: int, block_seconds: float, clock: Clock) -> None:
        """`pcm` (N,) at `rate` in blocks of `block_seconds`."""
        self.name, self.rate = name, rate
        self._pcm, self._clock = pcm, clock
        self._block = max(1, round(rate * block_seconds))
        self._taken = 0
        self._began = 0.0

    @property
    def ended(self) -> bool:
        """Whether all of it was taken."""
        return self._taken >= len(self._pcm)

    def start(self) -> None:
        """The first sample sounds now."""
        self._began = self._clock.now()

    def take(self) -> list[Block]:
        """The blocks that have sounded, as one."""
        sounded = int((self._clock.now() - self._began) * self.rate + 1e-6)
        whole = len(self._pcm) if sounded >= len(self._pcm) else sounded // self._block * self._block
        if whole <= self._taken:
            return []
        block = Block(self._pcm[self._taken : whole], self._began + whole / self.rate)
        self._taken = whole
        return [block]

    def wait(self) -> None:
        """Until the next block has sounded."""
        following = min(self._taken + self._block, len(self._pcm))
        self._clock.sleep(min(0.1, self._began + following / self.rate - self._clock.now()))

    def close(self) -> None:
        """Nothing to free."""
