"""Speech of espeak-ng: formant synthesis, many voices (variants) in many English accents, exact phoneme times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from sdk.audio.resample import resample
from sdk.spec import SAMPLE_RATE
from sdk.training.corpus.closures import end_lip_closures_at_burst, extend_closures
from sdk.training.corpus.ipa import phones_of_ipa
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.sources.espeak_library import EspeakLibrary, Spoken
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import TimedPhone

NORMAL_WORDS_PER_MINUTE = 165
ONSET = 0.2
"""Seconds of silence put before the library's sound, in which the closure of a first stop finds room."""
LONGEST_GLIDE = 0.080
"""Seconds: between two vowels the library may make a glide that it reports as a pause."""
GLIDE_LEVEL = 0.01
"""Median of the samples against the largest, from which such a part is sound."""


class EspeakSource:
    """espeak-ng in this process.

    Raises:
        MissingSynthesiserError: it is not installed.
    """

    def __init__(self) -> None:
        self._library = EspeakLibrary()

    def versions(self) -> dict[str, str]:
        """Version of libespeak-ng."""
        return {"espeak-ng": self._library.version}

    def say(self, lines: Sequence[Line]) -> Iterator[Speech | None]:
        """Say the lines; None for a pair of accent and variant that the library refuses."""
        for line in lines:
            if not self._library.set_voice(line.voice):
                yield None
                continue
            words = round(NORMAL_WORDS_PER_MINUTE * line.pace)
            spoken = self._library.say(line.text, words, round(100 * line.pitch), round(100 * line.liveliness))
            yield _speech(spoken)


def _speech(spoken: Spoken) -> Speech | None:
    pcm = resample(spoken.pcm.astype(np.float32) / np.float32(32768), spoken.rate)
    if not pcm.any():
        return None
    pcm = np.pad(pcm, (round(ONSET * SAMPLE_RATE), 0))  # the sound starts with the burst of a first stop
    last = len(pcm) / SAMPLE_RATE
    ends = [*spoken.events, (len(spoken.pcm), "")]
    phones: list[TimedPhone] = []
    for (start, symbol), (end, _) in pairwise(ends):
        names = phones_of_ipa(symbol)
        if not names and phones and _is_heard(spoken, start, end):  # a glide that the library does not name
            phones[-1] = TimedPhone(phones[-1].name, phones[-1].start, min(ONSET + end / spoken.rate, last))
        edges = np.minimum(ONSET + np.linspace(start, end, len(names) + 1) / spoken.rate, last).tolist()
        phones += [
            TimedPhone(name, *edge) for name, edge in zip(names, pairwise(edges), strict=True) if edge[0] < edge[1]
        ]
    return end_lip_closures_at_burst(extend_closures(Speech(pcm, tuple(phones))))


def _is_heard(spoken: Spoken, start: int, end: int) -> bool:
    """Whether a part without a name is short and mostly sound, so that it is no pause."""
    if not 0 < end - start < LONGEST_GLIDE * spoken.rate:
        return False
    return float(np.median(np.abs(spoken.pcm[start:end]))) > GLIDE_LEVEL * float(np.abs(spoken.pcm).max())
