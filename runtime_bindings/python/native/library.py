"""libnowface as ctypes sees it: its structs and functions as `runtime_bindings/cpp/include/nowface.h` declares them."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from runtime_bindings.python.native.build import DEFAULT_FOLDER
from sdk.errors import (
    BundleError,
    MissingDependencyError,
    NowfaceError,
    NumericalError,
    SessionError,
    TargetError,
    UsageError,
)

ABI_VERSION = 1
NO_FRAME = 1
WORKER, SYNCHRONOUS = 0, 1
VARIABLE = "NOWFACE_LIBRARY"
"""Environment variable with the path of the library; without it, where `build` puts it in the current folder."""
_ERRORS: dict[int, type[NowfaceError]] = {
    -1: UsageError,
    -2: TargetError,
    -3: BundleError,
    -4: TargetError,
    -5: SessionError,
    -6: NumericalError,
    -7: UsageError,
    -8: SessionError,
}
"""Status below 0 -> its class; any other is a fault of the library."""

_POINTER = ctypes.POINTER
_HANDLE = ctypes.c_void_p


class Struct(ctypes.Structure):
    """A struct of the interface, which begins with its own size."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(struct_size=ctypes.sizeof(self), **fields)


class BundleInfo(Struct):
    """``nowface_bundle_info``."""

    _fields_: ClassVar = [
        *(
            (name, ctypes.c_uint32)
            for name in (
                "struct_size",
                "frame_rate_numerator",
                "frame_rate_denominator",
                "hop_samples",
                "lookahead_samples",
                "channel_count",
                "vertex_count",
                "value_count",
                "signal_count",
                "parameter_count",
                "precision_count",
                "output_count",
                "state_count",
            )
        ),
        ("model", ctypes.c_char_p),
        ("unit", ctypes.c_char_p),
    ]


class Parameter(ctypes.Structure):
    """``nowface_parameter``."""

    _fields_: ClassVar = [
        ("name", ctypes.c_char_p),
        ("values", _POINTER(ctypes.c_float)),
        ("count", ctypes.c_size_t),
    ]


class SessionOptions(Struct):
    """``nowface_session_options``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("abi_version", ctypes.c_uint32),
        ("mode", ctypes.c_int32),
        ("sample_rate", ctypes.c_uint32),
        ("queue_milliseconds", ctypes.c_uint32),
        ("frame_capacity", ctypes.c_uint32),
        ("health_interval", ctypes.c_uint32),
        ("has_seed", ctypes.c_int32),
        ("seed", ctypes.c_uint64),
        ("precision", ctypes.c_char_p),
        ("parameters", _POINTER(Parameter)),
        ("parameter_count", ctypes.c_size_t),
    ]


class FrameHead(Struct):
    """``nowface_frame``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("value_count", ctypes.c_uint32),
        ("index", ctypes.c_int64),
        ("due_sample", ctypes.c_int64),
        ("seconds", ctypes.c_float),
    ]


SUMS = (
    "samples",
    "frames",
    "dropped_samples",
    "skipped_frames",
    "non_finite_samples",
    "clipped_samples",
    "restarts",
    "signals",
    "dropped_signals",
)
"""Fields of the report, in order: those of `sdk.runtime.events.Report`."""


class ReportSums(Struct):
    """``nowface_report``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        *((name, ctypes.c_int64) for name in SUMS),
        ("delay_milliseconds", ctypes.c_float),
    ]


class EventRecord(Struct):
    """``nowface_event``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("kind", ctypes.c_int32),
        ("sample", ctypes.c_int64),
        ("count", ctypes.c_int64),
    ]


_FLOATS = _POINTER(ctypes.c_float)
_ARGUMENTS: dict[str, list[Any]] = {
    "bundle_open": [ctypes.c_char_p, ctypes.c_void_p, _POINTER(_HANDLE)],
    "bundle_get_info": [_HANDLE, _POINTER(BundleInfo)],
    "bundle_replay": [_HANDLE, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p],
    "session_create": [_HANDLE, _POINTER(SessionOptions), _POINTER(_HANDLE)],
    "push_float": [_HANDLE, _FLOATS, ctypes.c_size_t],
    "push_int16": [_HANDLE, _POINTER(ctypes.c_int16), ctypes.c_size_t],
    "push_signal": [_HANDLE, ctypes.c_uint32, _FLOATS, ctypes.c_size_t, ctypes.c_int64],
    "poll": [_HANDLE, _POINTER(FrameHead), _FLOATS, ctypes.c_size_t],
    "session_set_retarget": [_HANDLE, ctypes.c_char_p, ctypes.c_size_t],
    "session_set_strength": [_HANDLE, ctypes.c_char_p, ctypes.c_float],
    "session_flush": [_HANDLE],
    "session_wait": [_HANDLE, ctypes.c_uint32],
    "session_reset": [_HANDLE],
    "session_snapshot": [_HANDLE, ctypes.c_void_p, _POINTER(ctypes.c_size_t)],
    "session_restore": [_HANDLE, ctypes.c_void_p, ctypes.c_size_t],
    "session_get_report": [_HANDLE, _POINTER(ReportSums)],
    "session_next_event": [_HANDLE, _POINTER(EventRecord)],
    "session_output": [_HANDLE, ctypes.c_uint32, _FLOATS, ctypes.c_size_t],
    "session_digests": [_HANDLE, _FLOATS, ctypes.c_size_t],
}


class Library:
    """The loaded library. `call` raises what a status says."""

    def __init__(self, path: Path) -> None:
        try:
            self._functions = ctypes.CDLL(str(path.resolve()))
        except OSError as error:
            raise TargetError(path, f"cannot be loaded ({error})", "build it on this machine") from error
        try:
            self._check_version(path)
            self._bind()
        except AttributeError as error:  # how ctypes says that there is no such function
            raise TargetError(path, "is no libnowface of this version", "build it afresh") from error

    def _check_version(self, path: Path) -> None:
        """Asked before anything else: another version need not have the functions of this one."""
        found = self._functions.nowface_abi_version()
        if found != ABI_VERSION:
            raise TargetError(path, f"its interface has version {found}, not {ABI_VERSION}", "build it afresh")

    def _bind(self) -> None:
        """Tell ctypes the types of every function."""
        self._functions.nowface_last_error.restype = ctypes.c_char_p
        self._functions.nowface_runtime.restype = ctypes.c_char_p
        self._functions.nowface_version.restype = ctypes.c_char_p
        for name in ("bundle_close", "session_destroy"):
            getattr(self._functions, f"nowface_{name}").argtypes = [_HANDLE]
            getattr(self._functions, f"nowface_{name}").restype = None
        for name, arguments in _ARGUMENTS.items():
            getattr(self._functions, f"nowface_{name}").argtypes = arguments

    @property
    def runtime(self) -> str:
        """What runs the stages, e.g. ``executorch 1.4.1``."""
        return str(self._functions.nowface_runtime().decode())

    def call(self, name: str, *arguments: Any) -> int:
        """Call ``nowface_NAME``; the status if it is no error.

        Raises:
            NowfaceError: the class that the status stands for, with the library's own words.
        """
        status = int(getattr(self._functions, f"nowface_{name}")(*arguments))
        if status >= 0:
            return status
        text = self._functions.nowface_last_error().decode("utf-8", "replace")
        assert status in _ERRORS, f"nowface_{name} failed with {status}: {text}"
        subject, _, rest = text.partition(": ")
        problem, _, mend = rest.rpartition("; ")
        raise _ERRORS[status](subject, problem or rest, mend or "see the message")

    def free(self, name: str, handle: ctypes.c_void_p) -> None:
        """Call ``nowface_NAME`` to free a handle."""
        getattr(self._functions, f"nowface_{name}")(handle)


@cache
def load_library(path: Path | None = None) -> Library:
    """The library at `path`, or where `VARIABLE` or `DEFAULT_FOLDER` say.

    Raises:
        MissingDependencyError: it was not built.
        TargetError: it cannot be loaded, or is of another version.
    """
    path = path or Path(os.environ.get(VARIABLE, DEFAULT_FOLDER / "libnowface.so"))
    if not path.is_file():
        mend = f"build it with python -m runtime_bindings.python.native.build, or say where it is in {VARIABLE}"
        raise MissingDependencyError(path, "is not there", mend)
    return Library(path)
