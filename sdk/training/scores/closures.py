"""Scores of lip closures: whether p, b and m close the mouth, when, and whether it closes where it must not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sdk.rigs.lip_curves import CLOSED, EARLY, FINE_RATE, LATE, Array
from sdk.training.phones import VOWELS
from sdk.training.scores.clip import ScoredClip

ONSET_REACH = 0.2
"""Seconds before a closure within which its onset is looked for."""
OPEN = 3.0
"""Millimetres: a vowel whose reference gap stays above this in its middle half is open."""
SHORTEST_VOWEL = 0.06
"""Seconds; shorter vowels do not count for false closures."""


def hits(clip: ScoredClip) -> list[bool]:
    """For every closure within the clip: whether the predicted gap falls below 1 mm within -40 to +50 ms of it."""
    return [_is_hit(clip, start, end) for start, end in _inside(clip)]


def lateness(clip: ScoredClip) -> list[float]:
    """Seconds by which the mouth closes after the reference does, for every closure that is hit and has an onset.

    The onset is where the gap falls through 1 mm. A mouth that was shut for 200 ms before has none (speech that begins
    with /m/), and the closure does not count.
    """
    late = []
    for start, end in _inside(clip):
        if _is_hit(clip, start, end):
            onsets = [_onset(gap, clip, start, end) for gap in (clip.fine.predicted, clip.fine.reference)]
            if onsets[0] is not None and onsets[1] is not None:
                late.append(onsets[0] - onsets[1])
    return late


def false_closures(clip: ScoredClip) -> list[bool]:
    """For every open vowel longer than 60 ms: whether the predicted gap is below 1 mm anywhere in its middle half.

    Open is a vowel whose reference gap stays above 3 mm there.
    """
    wrong = []
    for phone in clip.phones:
        if phone.name in VOWELS and phone.seconds > SHORTEST_VOWEL:
            quarter = phone.seconds / 4
            part = clip.fine.places(phone.start + quarter, phone.end - quarter)
            if len(clip.fine.reference[part]) and clip.fine.reference[part].min() > OPEN:
                wrong.append(bool(clip.fine.predicted[part].min() < CLOSED))
    return wrong


def _inside(clip: ScoredClip) -> Sequence[tuple[float, float]]:
    first, last = clip.fine.times[0], clip.fine.times[-1]
    return [(start, end) for start, end in clip.closures if start - EARLY >= first and end + LATE <= last]


def _is_hit(clip: ScoredClip, start: float, end: float) -> bool:
    return bool(clip.fine.predicted[clip.fine.places(start - EARLY, end + LATE)].min() < CLOSED)


def _onset(gap: Array, clip: ScoredClip, start: float, end: float) -> float | None:
    """Time of the fall through 1 mm that leads to the first closed value near the closure."""
    near = clip.fine.places(start - EARLY, end + LATE)
    closed = np.flatnonzero(gap[near] < CLOSED)
    if not len(closed):
        return None
    last = near.start + int(closed[0])
    first = max(0, last - round(ONSET_REACH * FINE_RATE))
    open_before = np.flatnonzero(gap[first:last] >= CLOSED)
    if not len(open_before):
        return None
    above = first + int(open_before[-1])
    part = (gap[above] - CLOSED) / (gap[above] - gap[above + 1])
    return float(clip.fine.times[above] + part / FINE_RATE)
