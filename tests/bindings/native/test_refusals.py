"""A call that fails changes nothing: no frame, event or sum of a native session is lost to a refusal."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime_bindings.python.native.library import NO_FRAME, EventRecord, FrameHead, Library
from sdk.bundle import Bundle
from sdk.errors import SessionError, UsageError
from sdk.runtime.events import EVENTS_KEPT
from tests.bindings.native.sessions import Open, opener
from tests.bindings.native.snapshots import content_of, sealed
from tests.toy_bundle import speech_like

SPEECH = speech_like(16_000)
BROKEN = np.array([np.nan, 2.0], np.float32)
"""Samples that make two events."""


@pytest.fixture(scope="module")
def bundle(native_toy: Path) -> Iterator[Bundle]:
    with Bundle.open(native_toy) as opened:
        yield opened


@pytest.fixture(scope="module")
def native(bundle: Bundle, native_library: Library) -> Open:
    """Opens native sessions of the bundle."""
    return opener(bundle, native_library)


class Asked:
    """The library, which on being asked for a snapshot's size tells that of a moment earlier: a worker's went on."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.tries = 0

    def call(self, name: str, *arguments: Any) -> int:
        asks_size = name == "session_snapshot" and arguments[1] is None
        self.tries += name == "session_snapshot" and not asks_size
        status = self._library.call(name, *arguments)
        if asks_size:
            arguments[2]._obj.value = 10
        return status

    def free(self, name: str, handle: ctypes.c_void_p) -> None:
        self._library.free(name, handle)


def test_a_frame_whose_struct_has_no_size_stays(native: Open, native_library: Library) -> None:
    with native() as session:
        session.push(SPEECH)
        head, values = FrameHead(), (ctypes.c_float * 15)()
        head.struct_size = 0
        with pytest.raises(UsageError, match="struct_size is not set"):
            native_library.call("poll", session._session, ctypes.byref(head), values, 15)
        assert next(session.poll()).index == 0


def test_an_event_whose_struct_has_no_size_stays(native: Open, native_library: Library) -> None:
    with native() as session:
        session.push(BROKEN)
        record = EventRecord()
        record.struct_size = 4
        with pytest.raises(UsageError, match="struct_size is not set"):
            native_library.call("session_next_event", session._session, ctypes.byref(record))
        assert [event.kind for event in session.events] == ["non_finite_audio", "clipped_audio"]


@pytest.mark.parametrize("worker", [False, True])
def test_a_refused_restore_keeps_events_and_sums(native: Open, worker: bool) -> None:
    with native(worker=worker) as session, native(sample_rate=8_000) as foreign:
        session.push(BROKEN)
        session.push(SPEECH[:5_000])
        assert session.wait(30)
        before, report = session.snapshot(), session.report
        content = content_of(before)
        # Of another rate; and sealed, so that what is wrong shows itself only at the end.
        for refused in (foreign.snapshot(), sealed(content[:-1]), sealed(content + b"\0" * 9)):
            with pytest.raises(SessionError, match="snapshot"):
                session.restore(refused)
        assert session.report == report
        assert session.snapshot() == before
        assert [event.kind for event in session.events] == ["non_finite_audio", "clipped_audio"]


def test_every_damaged_byte_is_seen(native: Open) -> None:
    with native() as session:
        session.push(SPEECH[:5_000])
        saved = session.snapshot()
        for place in [*range(0, len(saved), 97), len(saved) - 1]:
            damaged = bytearray(saved)
            damaged[place] ^= 1
            with pytest.raises(SessionError, match="damaged"):
                session.restore(bytes(damaged))
        assert session.snapshot() == saved
        session.restore(saved)
        assert session.snapshot() == saved


def test_a_snapshot_that_grows_meanwhile_is_asked_for_again(native: Open, native_library: Library) -> None:
    with native(worker=True) as session:
        session.push(SPEECH)
        assert session.wait(30)
        wanted = session.snapshot()
        asked = Asked(native_library)
        session._library = asked  # type: ignore[assignment]
        assert session.snapshot() == wanted
        assert asked.tries == 2


def test_events_are_the_newest_since_the_restore(native: Open) -> None:
    with native() as session:
        saved = session.snapshot()
        for _ in range(3):
            for _ in range(EVENTS_KEPT - 1):
                session.push(BROKEN[:1])
            session.push(BROKEN[1:])
            assert len(session.events) == EVENTS_KEPT
        assert len(session._events) == EVENTS_KEPT
        assert session.events[-1].kind == "clipped_audio"
        with pytest.raises(SessionError):
            session.restore(saved[:-1])
        assert len(session.events) == EVENTS_KEPT
        session.restore(saved)
        assert session.events == ()
        assert session._call("session_next_event", ctypes.byref(EventRecord())) == NO_FRAME
