"""Brows and eyelids. Neither can be read off the phones; both are drawn from a seed, so that a clip has one answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdk.training.phones import SILENCE, TimedPhone
from sdk.training.teacher.gestures import Gestures

Array = NDArray[np.float64]

BLINK_INTERVAL, BLINK_SHAPE = 60 / 26, 3.0
"""Mean seconds between blinks in conversation, 26 a minute (Bentivoglio et al., Movement Disorders 12, 1997), and the
shape of the gamma distribution that spreads them."""
BLINK_CLOSING, BLINK_HELD, BLINK_OPENING = 0.08, 0.03, 0.16
"""Seconds; the lid closes about twice as fast as it opens (VanderWerf et al., J. Neurophysiol. 89, 2003)."""
PULL, SHORTEST_PAUSE = 0.6, 0.15
"""A blink moves to a pause of 0.15 s or more if one is within 0.6 s."""

PROMINENT, BROW_CHANCE = 1.0, 0.6
"""Standard deviations from which a vowel counts as prominent; how often the brows then take part."""
BROW_IN, BROW_OUT = 0.18, 0.30


def brows(phones: Sequence[TimedPhone], prominence: Array, rng: np.random.Generator) -> Gestures:
    """Raised brows on prominent vowels: heights of 0.12 to 0.4.

    Brow movements go with pitch accents (Cave et al., About the relationship between eyebrow movements and F0
    variations, ICSLP 1996): not with all of them, hence the chance.
    """
    chance, height = rng.random(len(phones)), rng.uniform(0.12, 0.22, len(phones))
    raised = [i for i in range(len(phones)) if prominence[i] > PROMINENT and chance[i] < BROW_CHANCE]
    start = np.array([phones[i].start for i in raised], np.float64)
    end = np.array([phones[i].end for i in raised], np.float64)
    whole = np.ones(len(raised))
    strength = height[raised] * np.minimum(prominence[raised], 2.0) if raised else whole
    return Gestures(start, end, whole * BROW_IN, whole * BROW_OUT, np.clip(strength, 0, 0.4))


def blinks(phones: Sequence[TimedPhone], seconds: float, rng: np.random.Generator) -> Gestures:
    """A gamma renewal process over `seconds`, each blink pulled to the middle of a pause nearby, none in another."""
    count = int(seconds / BLINK_INTERVAL * 2) + 8
    drawn = np.cumsum(rng.gamma(BLINK_SHAPE, BLINK_INTERVAL / BLINK_SHAPE, count))
    drawn = drawn[drawn < seconds]
    pauses = np.array([(p.start + p.end) / 2 for p in phones if p.name == SILENCE and p.seconds >= SHORTEST_PAUSE])
    kept: list[float] = []
    for time in drawn:
        near = pauses[np.abs(pauses - time) < PULL] if len(pauses) else pauses
        at = float(near[np.abs(near - time).argmin()]) if len(near) else float(time)
        if not kept or at - kept[-1] > BLINK_CLOSING + BLINK_HELD + BLINK_OPENING:
            kept.append(at)
    start, whole = np.array(kept, np.float64), np.ones(len(kept))
    return Gestures(start, start + BLINK_HELD, whole * BLINK_CLOSING, whole * BLINK_OPENING, whole)
