"""Samples that wait to be read: whole hops over absolute sample indices, the oldest dropped when there are too many."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sdk.runtime.executor import Array


@dataclass(frozen=True, eq=False)
class QueueContent:
    """What a queue holds, as a value. The arrays are shared with the queue, and neither ever writes into them."""

    first_hop: int
    hops: tuple[Array, ...]
    rest: Array


class HopQueue:
    """A queue of PCM at 16 kHz, cut into hops as it comes.

    Every hop is an array of its own, so that memory goes back as the stream is read however long a push was, and so
    that a snapshot copies references, not samples.

    Args:
        hop: samples a hop.
    """

    def __init__(self, hop: int) -> None:
        self.hop = hop
        self.clear()

    def clear(self) -> None:
        """Forget everything: the next sample appended has index 0."""
        self.first_hop = 0
        self._hops: deque[Array] = deque()
        self._rest: Array = np.zeros(0, np.float32)

    @property
    def start(self) -> int:
        """Absolute index of the first sample not read."""
        return self.first_hop * self.hop

    @property
    def end(self) -> int:
        """Absolute index after the last sample: the length of the stream so far."""
        return (self.first_hop + len(self._hops)) * self.hop + len(self._rest)

    @property
    def has_hop(self) -> bool:
        """Whether a complete hop waits."""
        return bool(self._hops)

    def append(self, samples: Array) -> None:
        """Add samples (N,) at the end. They are copied."""
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) // self.hop * self.hop
        self._hops.extend(self._cut(joined[:whole]))
        self._rest = joined[whole:].copy()

    def _cut(self, samples: Array) -> Iterable[Array]:
        return (hop.copy() for hop in samples.reshape(-1, 1, self.hop))

    def peek(self) -> Array:
        """The first hop, (1, hop); there must be one."""
        return self._hops[0]

    def drop(self, hops: int = 1) -> None:
        """Remove that many complete hops from the front; there must be as many."""
        for _ in range(hops):
            self._hops.popleft()
        self.first_hop += hops

    def excess_hops(self, limit: int) -> int:
        """How many hops must go for at most `limit` samples to wait; `limit` is at least a hop."""
        assert limit >= self.hop
        return max(0, -((limit - (self.end - self.start)) // self.hop))

    def content(self) -> QueueContent:
        """What waits, as a value."""
        return QueueContent(self.first_hop, tuple(self._hops), self._rest)

    def set_content(self, content: QueueContent) -> None:
        """Hold exactly what `content` says."""
        self.first_hop = content.first_hop
        self._hops = deque(content.hops)
        self._rest = content.rest
