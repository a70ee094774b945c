"""libespeak-ng through ctypes: text in, samples and phoneme events out, in this thread.

Names, numbers and structures are those of espeak-ng 1.51's ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_short, c_uint, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.training.corpus.errors import MissingSynthesiserError, SynthesiserError

LIBRARY = "libespeak-ng.so.1"

_SYNCHRONOUS = 2
_PHONEME_EVENTS, _PHONEME_IPA, _DONT_EXIT = 1, 2, 0x8000
_EVENT_END, _EVENT_PHONEME = 0, 7
_UTF8 = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4


class _Identifier(ctypes.Union):
    _fields_ = [("number", c_int), ("name", c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _Identifier),
    ]


_Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


@dataclass(frozen=True, eq=False)
class Spoken:
    """What the library said.

    Attributes:
        pcm: (N,) int16.
        rate: samples a second.
        events: (sample, IPA), in order; an empty IPA is a pause.
    """

    pcm: NDArray[np.int16]
    rate: int
    events: list[tuple[int, str]]


class EspeakLibrary:
    """The library, loaded and set up. There is one in a process: it keeps its state in globals.

    Raises:
        MissingSynthesiserError: the library or its data are not installed.
    """

    def __init__(self) -> None:
        mend = "install the Debian package espeak-ng (apt-get install espeak-ng)"
        try:
            self._library: Any = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise MissingSynthesiserError("espeak-ng", f"{LIBRARY} is not installed", mend) from error
        options = _PHONEME_EVENTS | _PHONEME_IPA | _DONT_EXIT
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, options))
        if self.rate <= 0:
            raise MissingSynthesiserError("espeak-ng", "finds no data files", mend)
        self._library.espeak_Info.restype = c_char_p
        self._pcm: list[bytes] = []
        self._events: list[tuple[int, str]] = []
        self._callback = _Callback(self._heard)  # kept: the library holds only the pointer
        self._library.espeak_SetSynthCallback(self._callback)

    @property
    def version(self) -> str:
        """Version of the library, e.g. ``1.51``."""
        return str(self._library.espeak_Info(None).decode().split()[0])

    def set_voice(self, voice: str) -> bool:
        """Choose ``language+variant``; False if the library refuses it."""
        return int(self._library.espeak_SetVoiceByName(voice.encode())) == 0

    def say(self, text: str, words_per_minute: int, pitch: int, pitch_range: int) -> Spoken:
        """Say one text with the voice last chosen.

        Args:
            text: what to say.
            words_per_minute: 80 to 450; 175 is normal.
            pitch: 0 to 100; 50 is normal.
            pitch_range: 0 to 100; 50 is normal.

        Raises:
            SynthesiserError: the library reports a failure.
        """
        self._pcm.clear()
        self._events.clear()
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range), (_VOLUME, 80)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        status = int(self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None))
        if status != 0:
            raise SynthesiserError("espeak-ng", f"failed with code {status}", "check its installation")
        self._library.espeak_Synchronize()
        return Spoken(np.frombuffer(b"".join(self._pcm), np.int16), self.rate, list(self._events))

    def _heard(self, samples: Any, count: int, events: Any) -> int:
        if count > 0:
            self._pcm.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_PHONEME:
                self._events.append((events[index].sample, events[index].id.string.decode()))
            index += 1
        return 0
