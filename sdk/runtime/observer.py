"""Watching a session from outside: what went in, what came out, and the state after each frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from sdk.runtime.executor import Array
from sdk.runtime.frame import Frame


class Observer(Protocol):
    """Called by a session in the thread that drives it. The arrays are the session's: copy what must last, write none.

    An exception from an observer leaves the session usable: the push was not taken in, or the frame was not given out
    and the next poll computes it again.
    """

    def on_push(self, pcm: NDArray[Any], sample_rate: int) -> None:
        """A push was accepted: the samples as the app gave them, (N,) float32 or int16, N >= 0, at `sample_rate`."""
        ...

    def on_signal(self, name: str, values: Mapping[str, Array], sample: int) -> None:
        """Values of a signal were accepted: tensor -> value, captured at `sample` on the 16 kHz clock."""
        ...

    def on_frame(self, frame: Frame, states: Mapping[str, Mapping[str, Array]], seconds: float) -> None:
        """A frame was computed.

        Args:
            frame: the frame, before the app sees it.
            states: stage -> tensor -> value after the frame, for every stage on the hop and frame clocks.
            seconds: time spent in the executor since the frame before: the hops in between and the frame itself.
        """
        ...
