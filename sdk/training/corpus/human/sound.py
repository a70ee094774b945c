"""Samples of a recording."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from sdk.audio.pcm import to_mono_float
from sdk.audio.resample import resample
from sdk.training.corpus.errors import RecordingError
from sdk.training.corpus.human.packages import FETCH
from sdk.training.corpus.human.recordings import Recording
from sdk.training.corpus.python_packages import installed_version
from sdk.training.corpus.utterance import Pcm


def samples(recording: Recording) -> Pcm:
    """Sound of a recording, (N,) float32 at 16 kHz.

    Raises:
        RecordingError: it cannot be decoded.
        MissingSynthesiserError: the decoder of its encoding is not installed.
    """
    if recording.encoding == "raw16":
        return np.frombuffer(recording.data[: len(recording.data) // 2 * 2], "<i2").astype(np.float32) / np.float32(
            32768
        )
    if recording.encoding == "g722":
        return _g722(recording.data)
    try:
        pcm, rate = soundfile.read(io.BytesIO(recording.data), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise RecordingError(recording.name, f"cannot be decoded ({error})", FETCH) from error
    return resample(to_mono_float(pcm), int(rate))


def sound_versions() -> dict[str, str]:
    """Version of the decoder that is no part of Python or libsndfile.

    Raises:
        MissingSynthesiserError: it is not installed.
    """
    return {"G722": installed_version("G722")}


def _g722(data: bytes) -> Pcm:
    """ITU-T G.722 at 64 kbit/s through libg722, whose Python package is G722."""
    sound_versions()
    from G722 import G722

    decoded = np.asarray(G722(16_000, 64_000).decode(data), np.int16)
    return decoded.astype(np.float32) / np.float32(32768)
