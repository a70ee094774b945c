"""What the teacher reads off the sound itself: where stops burst, and how strong and long each vowel is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE
from sdk.training.phones import BILABIALS, SILENCE, VOICED_STOPS, VOICELESS_STOPS, VOWELS, TimedPhone

Array = NDArray[np.float64]

STEP = SAMPLE_RATE // 500
"""Samples an energy value (2 ms)."""
FLOOR = 1e-8
"""Added to powers: -80 dBFS."""
SILENT_BELOW = 30.0
"""dB under the clip's loud parts at which a stop's closure counts as silent."""
LONGEST_CLOSURE, SHORTEST_HOLD = 0.09, 0.03
"""Seconds: how far a closure may reach back over silence before its label; how long lips stay shut at least."""
BURST_RISE = 12.0
"""dB over the quietest moment of the label: the burst is the first value of the high band that is louder."""


def power_db(pcm: NDArray[np.float32], *, high_band: bool = False) -> Array:
    """Mean power in dBFS of every 2 ms.

    Args:
        pcm: (N,) at 16 kHz.
        high_band: of the second difference, which falls by 12 dB an octave: 30 dB less at 300 Hz than at 2 kHz, so
            that the voice bar of a closure does not pass for a burst.
    """
    signal = pcm.astype(np.float64)
    if high_band:
        signal = np.convolve(signal, [0.25, -0.5, 0.25], mode="same")
    count = len(signal) // STEP
    power = (signal[: count * STEP].reshape(count, STEP) ** 2).mean(1)
    smooth = np.convolve(power, np.full(3, 1 / 3), mode="same")
    return 10 * np.log10(smooth + FLOOR)


def closures(phones: Sequence[TimedPhone], pcm: NDArray[np.float32]) -> list[tuple[float, float]]:
    """When the lips are shut for p, b and m, in seconds, in order.

    /m/ is shut for the whole of its label. /p/ and /b/ are shut up to the burst, found in the high band. A label
    without one ends at the burst already (the corpus mends them so), or the stop is not released: the lips are shut
    for the whole of it, as for /m/. A label that begins at its burst, as some synthesisers write it, is
    extended back over the silence before it, at most 90 ms and never into the phone before.
    """
    if not any(phone.name in BILABIALS for phone in phones):
        return []
    high, full = power_db(pcm, high_band=True), power_db(pcm)
    silent = np.percentile(full, 95) - SILENT_BELOW if len(full) else 0.0
    found: list[tuple[float, float]] = []
    spoken_until = 0.0
    for phone in phones:
        if phone.name in BILABIALS:
            start, end = phone.start, phone.end
            if phone.name in VOICELESS_STOPS | VOICED_STOPS:
                end = _burst(high, phone)
                earliest = max(spoken_until, end - LONGEST_CLOSURE)
                start = min(start, max(earliest, _silent_since(full, start, silent)))
            found.append((start, max(end, start + SHORTEST_HOLD)))
        if phone.name != SILENCE:
            spoken_until = phone.end
    return found


def _burst(high: Array, phone: TimedPhone) -> float:
    """Seconds of the burst within a stop's label."""
    first, last = _place(high, phone.start), _place(high, phone.end)
    part = high[first:last]
    if len(part) < 4:
        return phone.end
    quiet = int(part.argmin())
    louder = np.flatnonzero(part[quiet:] > part[quiet] + BURST_RISE)
    return (first + quiet + int(louder[0])) * STEP / SAMPLE_RATE if len(louder) else phone.end


def _silent_since(full: Array, time: float, silent: float) -> float:
    """Seconds since when it is silent before `time`; `time` itself if it is not."""
    last = _place(full, time)
    first = _place(full, time - LONGEST_CLOSURE)
    loud = np.flatnonzero(full[first:last] > silent)
    return (first + (int(loud[-1]) + 1 if len(loud) else 0)) * STEP / SAMPLE_RATE if last > first else time


def _place(values: Array, time: float) -> int:
    return min(max(round(time * SAMPLE_RATE / STEP), 0), len(values))


def emphasis(phones: Sequence[TimedPhone], pcm: NDArray[np.float32]) -> tuple[Array, Array]:
    """How strongly each phone is spoken.

    Returns:
        amplitude (n,): factor on a vowel's opening, in [0.65, 1.2]; 1 for other phones. It grows with the vowel's
        power against the clip's vowels (2.5 % a dB) and with its length (to the power 0.3, 1 at 90 ms): short and
        faint vowels are reduced. prominence (n,): the sum of both in standard deviations of the clip; 0 for others.
    """
    amplitude, prominence = np.ones(len(phones)), np.zeros(len(phones))
    vowels = np.array([i for i, phone in enumerate(phones) if phone.name in VOWELS], np.intp)
    if not len(vowels):
        return amplitude, prominence
    power = power_db(pcm)
    loudness = np.array([_mean_between(power, phones[i]) for i in vowels])
    length = np.array([phones[i].seconds for i in vowels])
    by_power = 1 + 0.025 * (loudness - np.median(loudness))
    amplitude[vowels] = np.clip(by_power * (length / 0.09) ** 0.3, 0.65, 1.2)
    prominence[vowels] = _standard(loudness) + _standard(np.log(length))
    return amplitude, prominence


def _mean_between(power: Array, phone: TimedPhone) -> float:
    part = power[_place(power, phone.start) : _place(power, phone.end)]
    return float(part.mean()) if len(part) else -80.0


def _standard(values: Array) -> Array:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-6 else np.zeros(len(values))
