"""The loop of a live stream: push what was heard, take the frames that can be computed, wait for more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sdk.live.meter import Meter
from sdk.live.sources import Clock, Source
from sdk.runtime import Frame, Session

OnFrame = Callable[[Frame], None]


def warm_up(session: Session, rate: int) -> None:
    """Run a third of a second of silence and forget it: the first steps of a runtime take longer than all others."""
    session.push(np.zeros(rate // 3, np.float32), rate)
    for _ in session.poll():
        pass
    session.reset()


@dataclass(frozen=True)
class Listener:
    """A live stream.

    The source does not wait: while a frame is computed more sound comes. It is pushed before the next frame, so that a
    machine that is too slow fills the session's queue, and the session drops the oldest sound and says so.

    Attributes:
        session: a fresh stream.
        source: not yet started; it is left open.
        meter: of this stream.
        clock: the source's.
        on_frame: called with every frame.
        seconds: of sound, at which to stop; None for all of it.
    """

    session: Session
    source: Source
    meter: Meter
    clock: Clock
    on_frame: OnFrame
    seconds: float | None = None

    def run(self) -> None:
        """Until the source ends, `seconds` of sound have come, or the caller interrupts."""
        self.source.start()
        while not self.source.ended and self.goes_on:
            self.push()
            self.poll()
            if not self.source.ended and self.goes_on:
                self.source.wait()
        if self.source.ended and self.goes_on:
            began = self.clock.now()
            self.session.flush()
            self.meter.busy += self.clock.now() - began
            self.poll()

    @property
    def goes_on(self) -> bool:
        """Whether more sound is wanted."""
        return self.seconds is None or self.meter.seconds < self.seconds

    def push(self) -> None:
        """All that was heard meanwhile."""
        for block in self.source.take():
            began = self.clock.now()
            self.session.push(block.pcm, self.source.rate)
            self.meter.busy += self.clock.now() - began
            self.meter.push(block, began)

    def poll(self) -> None:
        """All frames that can be computed, and those of the sound that comes while they are."""
        ended = self.source.ended
        began = self.clock.now()
        for frame in self.session.poll():
            now = self.clock.now()
            self.meter.busy += now - began
            self.meter.frame(frame.due_sample, now)
            self.on_frame(frame)
            if not ended and self.goes_on:
                self.push()
            began = self.clock.now()
        self.meter.busy += self.clock.now() - began
