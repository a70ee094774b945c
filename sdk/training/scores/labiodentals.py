"""Score of f and v: whether the lower lip goes to the upper teeth."""

from __future__ import annotations

import numpy as np

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.lip_curves import EARLY, LATE
from sdk.training.phones import LABIODENTALS
from sdk.training.scores.clip import ScoredClip

ROLL = ARKIT_52.index("mouthRollLower")
ASKED = 0.2
"""Weight of mouthRollLower that the reference must reach for an f or v to count: between vowels it may not."""
SHARE = 0.5
"""Share of the reference's weight that is enough."""


def at_the_teeth(clip: ScoredClip) -> list[bool]:
    """For every f and v whose reference rolls the lip in: whether the prediction does so half as far.

    It counts within -40 to +50 ms of the phone, as for closures.
    """
    rolled = []
    for phone in clip.phones:
        if phone.name in LABIODENTALS:
            near = (clip.times >= phone.start - EARLY) & (clip.times <= phone.end + LATE)
            asked = float(np.max(clip.reference[near, ROLL], initial=0.0))
            if asked >= ASKED:
                rolled.append(bool(clip.predicted[near, ROLL].max() >= SHARE * asked))
    return rolled
