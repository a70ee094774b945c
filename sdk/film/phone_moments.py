"""Moments of a filmstrip by what is said: a few of each kind of mouth, spread over the clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.bundle.phones import Phones
from sdk.film.moments import Moment
from sdk.rigs.lip_curves import EARLY, LATE
from sdk.spec import SAMPLE_RATE

Run = tuple[str, float, float]
"""A phone with its start and end in seconds."""
TURNS = {
    "bilabial": ("p", "b", "m"),
    "rounded": ("w", "uw", "ow", "ao"),
    "labiodental": ("f", "v"),
    "open": ("aa", "ae", "ay", "aw"),
}
"""Kinds of mouth that a viewer knows by sight, and the phones that show them best. They take turns."""


@dataclass(frozen=True)
class Lips:
    """Where the lips are.

    Attributes:
        times: (T,) seconds of the frames, increasing.
        gap: (T,) millimetres between them.
        protrusion: (T,) millimetres by which the upper lip is pushed forward.
    """

    times: NDArray[np.floating]
    gap: NDArray[np.floating]
    protrusion: NDArray[np.floating]


def phone_moments(phones: Phones, lips: Lips, count: int) -> list[Moment]:
    """`count` moments in order of time, fewer where not so much is said.

    Of a kind the phone is taken that is farthest in time from all taken before: none is chosen for its looks. The frame
    is the one that shows the phone best from 40 ms before it to 50 ms after it, the time within which a closure counts
    as one: the narrowest of p, b, m, f and v, the widest of an open vowel, the roundest of the others.

    Args:
        phones: what is said.
        lips: of the frames.
        count: at least 1.
    """
    kind_of = {phone: kind for kind, these in TURNS.items() for phone in these}
    waiting: dict[str, list[Run]] = {kind: [] for kind in TURNS}
    for name, start, end in phones.runs():
        kind = kind_of.get(name.rstrip("012").lower())
        if kind and lips.times[0] <= end / SAMPLE_RATE and start / SAMPLE_RATE <= lips.times[-1]:
            waiting[kind].append((name, start / SAMPLE_RATE, end / SAMPLE_RATE))
    taken: list[tuple[str, Run]] = []
    while len(taken) < count and any(waiting.values()):
        for kind in TURNS:
            if waiting[kind] and len(taken) < count:
                # The end counts as taken at first, so that the first moment lies at the start.
                others = [middle(run) for _, run in taken] or [float(lips.times[-1])]
                apart = [min(abs(middle(run) - other) for other in others) for run in waiting[kind]]
                taken.append((kind, waiting[kind].pop(int(np.argmax(apart)))))
    taken.sort(key=lambda pair: middle(pair[1]))
    return [moment(kind, run, lips) for kind, run in taken]


def middle(run: Run) -> float:
    """Seconds of the middle of a phone."""
    return (run[1] + run[2]) / 2


def moment(kind: str, run: Run, lips: Lips) -> Moment:
    """The frame that shows a phone best."""
    within = np.flatnonzero((lips.times >= run[1] - EARLY) & (lips.times <= run[2] + LATE))
    if not len(within):
        within = np.array([np.abs(lips.times - middle(run)).argmin()])
    worth = {"rounded": lips.protrusion, "open": lips.gap}.get(kind, -lips.gap)
    return Moment(int(within[worth[within].argmax()]), kind == "bilabial", f"/{run[0]}/")
