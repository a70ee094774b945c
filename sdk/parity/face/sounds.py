"""Which sounds an error falls on: a face may be right on average and leave its lips apart at every /p/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.bundle.phones import Phones
from sdk.parity.face.closures import HYSTERESIS
from sdk.parity.face.visemes import BILABIAL, OTHER, SILENCE, VISEMES, viseme_of
from sdk.rigs.lip_curves import CLOSED, EARLY, FINE_RATE, LATE
from sdk.spec import SAMPLE_RATE

Doubles = NDArray[np.float64]
QUIET = SILENCE.phones[0]
"""Name of what lies between phones."""


@dataclass(frozen=True)
class SoundError:
    """Error of the frames that show one phone, or one group of phones.

    Attributes:
        name: of the phone or the group.
        viseme: name of the group.
        said: how often it is said, where a frame shows it.
        frames: that show it, at least 1.
        mean_mm: error of the worst vertex of a frame, mean over the frames.
        worst_mm: and its largest.
        worst_frame: row of the largest.
    """

    name: str
    viseme: str
    said: int
    frames: int
    mean_mm: float
    worst_mm: float
    worst_frame: int


@dataclass(frozen=True)
class BilabialCount:
    """Whether the lips meet where they must.

    Attributes:
        said: phones p, b and m within the stream.
        reference: of them, those at which the reference's lips shut.
        kept: of these, those at which the candidate's do too.
        farthest_mm: how much farther the candidate's lips stay apart than the reference's at the worst of them, at the
            moment at which each comes closest; negative when they come closer everywhere.
    """

    said: int
    reference: int
    kept: int
    farthest_mm: float


@dataclass(frozen=True)
class SoundErrors:
    """Errors by sound.

    Attributes:
        phones: in order of their groups, those in a group by name.
        visemes: the groups.
        bilabials: closures of p, b and m; None where the lip gap is not known or none is said.
    """

    phones: tuple[SoundError, ...]
    visemes: tuple[SoundError, ...]
    bilabials: BilabialCount | None


def sound_errors(worst: Doubles, times: Doubles, phones: Phones, gaps: Sequence[Doubles] | None) -> SoundErrors:
    """Errors of each phone and group that a frame shows.

    Args:
        worst: (T,) error of the worst vertex of each frame in mm.
        times: (T,) seconds that the frames show, increasing.
        phones: what is said.
        gaps: lip gaps of reference and candidate in mm at `FINE_RATE` from the first frame's time on; None where
            unknown.
    """
    place = phones.at(np.rint(times * SAMPLE_RATE).astype(np.int64))
    shown = np.array([phones.names[at] if at >= 0 else QUIET for at in place])
    heard = [phones.names[at] for at in np.unique(place[place >= 0])]
    groups = np.array([viseme_of(name).name for name in shown])
    said_groups = [viseme_of(name).name for name in heard]
    order = [viseme.name for viseme in (*VISEMES, OTHER, SILENCE)]
    names = sorted(set(shown.tolist()), key=lambda name: (order.index(viseme_of(name).name), name))
    return SoundErrors(
        phones=tuple(_error(name, viseme_of(name).name, heard, shown, worst) for name in names),
        visemes=tuple(_error(name, name, said_groups, groups, worst) for name in order if name in groups),
        bilabials=None if gaps is None else _bilabials(phones, float(times[0]), *gaps),
    )


def _error(name: str, viseme: str, said: Sequence[str], shown: NDArray[np.str_], worst: Doubles) -> SoundError:
    rows = np.flatnonzero(shown == name)
    largest = int(rows[worst[rows].argmax()])
    return SoundError(
        name, viseme, said.count(name), len(rows), float(worst[rows].mean()), float(worst[largest]), largest
    )


def _bilabials(phones: Phones, begin: float, reference: Doubles, candidate: Doubles) -> BilabialCount | None:
    """Least gaps from 40 ms before each p, b and m to 50 ms after it; shut below 1 mm, and kept below 1.25 mm."""
    least = []
    for name, start, end in phones.runs():
        first = round((start / SAMPLE_RATE - EARLY - begin) * FINE_RATE)
        last = round((end / SAMPLE_RATE + LATE - begin) * FINE_RATE)
        if viseme_of(name) is BILABIAL and first >= 0 and last < len(reference):
            least.append((reference[first : last + 1].min(), candidate[first : last + 1].min()))
    if not least:
        return None
    ours, theirs = np.array(least).T
    shut = ours < CLOSED
    kept = shut & (theirs < CLOSED + HYSTERESIS)
    return BilabialCount(len(least), int(shut.sum()), int(kept.sum()), float((theirs - ours).max()))
