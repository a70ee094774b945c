"""Scores of f and v: whether the lower lip goes to the upper teeth, and whether it goes there where it must not."""

from __future__ import annotations

import numpy as np

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.lip_curves import EARLY, LATE
from sdk.training.phones import BILABIALS, LABIODENTALS, SILENCE
from sdk.training.scores.clip import ScoredClip

ROLL = ARKIT_52.index("mouthRollLower")
ASKED = 0.2
"""Weight of mouthRollLower that the reference must reach for an f or v to count: between vowels it may not."""
SHARE = 0.5
"""Share of the reference's weight that is enough."""
AWAY = 0.05
"""Weight that the reference keeps below where the lip is not at the teeth."""
FALSE = 0.2
"""Weight from which a prediction rolls the lip in all the same: what it must reach for a fully rolled f or v, whose
reference is 0.5, is 0.25."""


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


def falsely_at_the_teeth(clip: ScoredClip) -> list[bool]:
    """For every other sound at which the reference rolls no lip: whether the prediction does.

    Those of p, b and m do not count, for the lip cannot be seen then, nor does silence.
    """
    wrong = []
    for phone in clip.phones:
        if phone.name not in LABIODENTALS | BILABIALS | {SILENCE}:
            inside = (clip.times >= phone.start) & (clip.times <= phone.end)
            if inside.any() and float(clip.reference[inside, ROLL].max()) < AWAY:
                wrong.append(bool(clip.predicted[inside, ROLL].max() >= FALSE))
    return wrong
