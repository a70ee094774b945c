"""A stream at rest: everything a session needs to go on from where another stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdk.runtime.events import Report
from sdk.runtime.plan import StreamState
from sdk.runtime.queue import QueueContent
from sdk.spec import PipelineSpec


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What `Session.snapshot` gives and `Session.restore` takes. Opaque to apps, and never changed by any session.

    Taking one copies no samples and no state: its arrays are shared with the session, which writes into none of them.

    Attributes:
        pipeline: of the session it was taken from; a session with another pipeline refuses it.
        stream: states, windows, newest hop and next frame.
        queue: samples not read yet.
        sample_rate: of the stream's pushes, None before the first.
        resampler: state of the resampler, None at 16 kHz.
        flushed: whether the stream has ended.
        report: sums over the stream so far.
    """

    pipeline: PipelineSpec
    stream: StreamState
    queue: QueueContent
    sample_rate: int | None
    resampler: Any
    flushed: bool
    report: Report
