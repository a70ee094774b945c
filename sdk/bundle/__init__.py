"""Bundles: the folder an app ships, its manifest, its test vectors, and the trace format."""

from __future__ import annotations

from sdk.bundle.bundle import Bundle, Rig
from sdk.bundle.manifest import FileRecord, Manifest, ModelRecord, TargetRecord, Tolerance
from sdk.bundle.recorder import TraceRecorder
from sdk.bundle.retarget_file import read_retarget
from sdk.bundle.trace import Trace

__all__ = [
    "Bundle",
    "FileRecord",
    "Manifest",
    "ModelRecord",
    "Rig",
    "TargetRecord",
    "Tolerance",
    "Trace",
    "TraceRecorder",
    "read_retarget",
]
