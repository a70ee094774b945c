"""The reference runtime: a session streams speech through an executor. PyTorch loads with `EagerExecutor` only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdk.runtime.events import Event, Report
from sdk.runtime.frame import Frame
from sdk.runtime.observer import Observer
from sdk.runtime.retarget import ChannelRule, Knob, Retarget
from sdk.runtime.session import Session
from sdk.runtime.snapshot import Snapshot

if TYPE_CHECKING:
    from sdk.runtime.eager import EagerExecutor

__all__ = [
    "ChannelRule",
    "EagerExecutor",
    "Event",
    "Frame",
    "Knob",
    "Observer",
    "Report",
    "Retarget",
    "Session",
    "Snapshot",
]


def __getattr__(name: str) -> Any:
    if name == "EagerExecutor":
        from sdk.runtime.eager import EagerExecutor

        return EagerExecutor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
