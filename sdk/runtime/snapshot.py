"""A stream at rest: everything a session needs to go on from where another stood."""

from __future__ import annotations

from dataclasses import dataclass, field

from sdk.runtime.events import Report
from sdk.runtime.intake import Intake
from sdk.runtime.plan import StreamState
from sdk.runtime.queue import QueueContent
from sdk.runtime.retarget import RetargetState
from sdk.runtime.signals import Lines
from sdk.spec import PipelineSpec


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What `Session.snapshot` gives and `Session.restore` takes. Opaque to apps, and never changed by any session.

    Taking one copies no samples and no state: its arrays are shared with the session, which writes into none of them.

    Attributes:
        pipeline: of the session it was taken from; a session with another pipeline refuses it.
        state: states, windows, newest hop and next frame.
        queue: samples not read yet.
        intake: resampler and its state, None before the first push.
        lines: values of signals that frames may still need.
        flushed: whether the stream has ended.
        report: sums over the stream so far.
        shown: what the session showed last, where it retargets.
    """

    pipeline: PipelineSpec
    state: StreamState
    queue: QueueContent
    intake: Intake | None
    lines: Lines
    flushed: bool
    report: Report
    shown: RetargetState = field(default_factory=RetargetState)
