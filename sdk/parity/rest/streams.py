"""Streams in which nobody speaks, from their start or after real speech."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sdk.audio.files import load_speech
from sdk.bundle.phones import Phones
from sdk.parity.rest.sounds import RestSound
from sdk.pretrained import SPEECH, SPEECH_PHONES
from sdk.spec import SAMPLE_RATE

Samples = NDArray[np.float32]

PAUSE_SECONDS = 0.5
"""A phone that is so much later than the one before begins another sentence."""
FADE_SECONDS = 0.02
"""In which a sound that begins after the speech comes up: a step in level would be a click."""


After = Literal["speech", "start"]
"""What came before the rest: a spoken sentence, or nothing, as when an app has just opened the microphone."""


@dataclass(frozen=True, eq=False)
class RestStream:
    """Sound in which the face has to rest from a moment on.

    Attributes:
        pcm: (N,) samples at 16 kHz.
        begin: sample at which the rest begins: the one after the last phone, or 0.
    """

    pcm: Samples
    begin: int


@cache
def first_sentence() -> Samples:
    """(N,) the first sentence of the speech that ships with the SDK, up to the end of its last phone."""
    phones = Phones.read_labels(SPEECH_PHONES)
    pauses = np.flatnonzero(phones.start[1:] - phones.end[:-1] > PAUSE_SECONDS * SAMPLE_RATE)
    end = phones.end[pauses[0]] if len(pauses) else phones.end[-1]
    return load_speech(SPEECH)[:end]


def rest_stream(sound: RestSound, seconds: float, seed: int, after: After = "speech") -> RestStream:
    """`seconds` of `sound`, after the first sentence or from the start.

    A sound that is there all the time lies under the speech as well.
    """
    speech = first_sentence() if after == "speech" else np.zeros(0, np.float32)
    begin, rest = len(speech), round(seconds * SAMPLE_RATE)
    if sound.under_speech:
        heard = sound.samples(begin + rest, seed)
        heard[:begin] += speech
    else:
        begun = sound.samples(rest, seed)
        fade = round(FADE_SECONDS * SAMPLE_RATE)
        begun[:fade] *= (np.arange(fade) / fade)[: len(begun)]
        heard = np.concatenate([speech, begun])
    return RestStream(np.clip(heard, -1.0, 1.0).astype(np.float32), begin)
