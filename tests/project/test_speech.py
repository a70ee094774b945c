"""The speech that ships with the SDK is what its README says."""

from __future__ import annotations

import numpy as np
import soundfile

from sdk.pretrained import SPEECH


def test_format() -> None:
    info = soundfile.info(SPEECH)
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 16_000, 1)
    assert info.frames == 156_221
    assert SPEECH.stat().st_size < 200_000


def test_level_and_silences() -> None:
    pcm, _ = soundfile.read(SPEECH, dtype="float32")
    peak_dbfs = 20 * np.log10(np.abs(pcm).max())
    assert abs(peak_dbfs + 3) < 0.1
    for first, last in ((0, 0.30), (4.41, 5.20), (9.37, 9.76)):
        assert not pcm[round(first * 16_000) : round(last * 16_000)].any()
    for first, last in ((0.31, 4.40), (5.21, 9.36)):
        speech = pcm[round(first * 16_000) : round(last * 16_000)]
        assert 20 * np.log10(speech.std()) > -25
