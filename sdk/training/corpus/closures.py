"""Labels mended against the sound: where a stop's closure begins and where the lips let go.

The rules and their limits come from looking at spectrograms of the sources with their labels on top. Each source
states which of them it needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import AFFRICATES, BILABIALS, SILENCE, STOPS, TimedPhone

LONGEST_CLOSURE = 0.090
"""Seconds of silence before a burst that count as closure; a longer silence is a pause."""
SHORTEST_PHONE = 0.020
"""Seconds left to a phone whose end becomes closure."""
SHORTEST_LIP_CLOSURE = 0.030
"""Seconds that the lips stay together at least."""
SILENT_DB = -45.0
"""Level of silence against the loudest 10 ms of the utterance."""
BURST_HERTZ = 1000.0
"""A burst is sought above this: the voice bar of /b/ is below it and would be found first."""
BURST_RISE_DB = 6.0
"""Least rise of the level that is a burst."""

_HOP = 40
_WINDOW = 160


def level_above(pcm: NDArray[np.float32], hertz: float) -> NDArray[np.float64]:
    """Level in dB above a frequency, in Hann windows of 10 ms centred every 2.5 ms, (N // 40 + 1,)."""
    padded = np.pad(pcm.astype(np.float64), _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW + 2)[1:-1], axis=1)) ** 2
    above: NDArray[np.float64] = power[:, np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE) >= hertz].sum(axis=1)
    return np.asarray(10 * np.log10(above + 1e-12), np.float64)


def extend_closures(speech: Speech) -> Speech:
    """Move the start of a stop back over the silence before it, at most `LONGEST_CLOSURE`.

    For sources that label a stop from its burst (espeak-ng): there the silent closure belongs to the phone before.
    """
    level = level_above(speech.pcm, 0.0)
    silent = level < level.max() + SILENT_DB
    phones = list(speech.phones)
    for index, phone in enumerate(phones):
        before = phones[index - 1] if index else TimedPhone(SILENCE, 0.0, max(SHORTEST_PHONE, phone.start))
        if phone.name not in STOPS | AFFRICATES:
            continue
        burst = round(phone.start * SAMPLE_RATE / _HOP)
        first = burst = min(burst + 2, len(level) - 1)  # the label may stand a window before the sound
        while burst > 0 and not silent[burst - 1] and burst > first - 4:
            burst -= 1
        first = burst
        while first > 0 and silent[first - 1]:
            first -= 1
        floor = before.start + SHORTEST_PHONE if before.end > phone.start - LONGEST_CLOSURE else before.end
        start = max(first * _HOP / SAMPLE_RATE, phone.start - LONGEST_CLOSURE, floor)
        if start >= phone.start:
            continue
        phones[index] = TimedPhone(phone.name, start, phone.end)
        if index:
            phones[index - 1] = TimedPhone(before.name, before.start, min(before.end, start))
    return Speech(speech.pcm, tuple(phones))


def end_lip_closures_at_burst(speech: Speech) -> Speech:
    """End each /p/ and /b/ where the level above `BURST_HERTZ` rises most: there the lips part.

    Labels of /p/ include the breath after it, during which the lips are open already; that breath goes to the next
    phone. A stop without a burst (before another stop, or at the end) keeps its label.
    """
    level = level_above(speech.pcm, BURST_HERTZ)
    phones = list(speech.phones)
    for index, phone in enumerate(phones):
        if phone.name not in BILABIALS & STOPS or phone.seconds <= SHORTEST_LIP_CLOSURE:
            continue
        first = round((phone.start + SHORTEST_LIP_CLOSURE) * SAMPLE_RATE / _HOP)
        last = min(round(phone.end * SAMPLE_RATE / _HOP), len(level) - 3)
        if last <= first:
            continue
        rise = level[first + 2 : last + 3] - level[first - 2 : last - 1]
        at = int(rise.argmax())
        if rise[at] < BURST_RISE_DB:
            continue
        end = min((first + at) * _HOP / SAMPLE_RATE, phone.end)
        phones[index] = TimedPhone(phone.name, phone.start, end)
        if index + 1 < len(phones) and phones[index + 1].start - phone.end < 1e-6:
            after = phones[index + 1]
            phones[index + 1] = TimedPhone(after.name, end, after.end)
    return Speech(speech.pcm, tuple(phones))


def fill_gaps(speech: Speech) -> Speech:
    """Times on whole samples, and silence wherever no phone is, so that phones cover the sound end to end."""
    filled: list[TimedPhone] = []
    at = 0

    def add(name: str, end: int) -> None:
        nonlocal at
        if end <= at:
            return
        start = at / SAMPLE_RATE
        if name == SILENCE and filled and filled[-1].name == SILENCE:
            start = filled.pop().start
        filled.append(TimedPhone(name, start, end / SAMPLE_RATE))
        at = end

    for phone in speech.phones:
        add(SILENCE, round(phone.start * SAMPLE_RATE))
        add(phone.name, min(round(phone.end * SAMPLE_RATE), len(speech.pcm)))
    add(SILENCE, len(speech.pcm))
    return Speech(speech.pcm, tuple(filled))
