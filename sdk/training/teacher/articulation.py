"""What each phone asks of the face: targets of the articulators, and how strongly it insists on them.

A target is the strength that an articulator would reach if the phone were held; a dominance, in [0, 1], says how much
of it survives next to other phones. Jaw and lips have dominances of their own: /s/ holds the jaw high whatever comes
round it and leaves the lips to its neighbours, /w/ the other way about.

The table is ours. Which phones round, spread, open or close follows the phonetic classes (Ladefoged & Johnson, A Course
in Phonetics, chapters 1 and 9); the strengths were set on the default head so that the lip gap of held phones falls in
the order of vowel height: at plain strength 16 mm for /aa/, 14 for /ae/, 5 for /iy/ and 4 for /s/.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.training.phones import PHONE_INDEX, PHONES, SILENCE

ARTICULATORS = ("jaw", "spread", "pucker", "funnel", "upper", "lower", "tongue")
"""Jaw opening, corners drawn wide, lips pushed forward small, lips pushed forward open, upper lip up, lower lip down,
tongue tip between the teeth."""
JAW = 0
"""Place of the jaw; all others move with the lips' dominance."""

# phone: jaw spread pucker funnel upper lower tongue | dominance of jaw, of lips
_TABLE = """
aa  .40 .00 .00 .04 .12 .22 0 | 1.0 .8
ae  .34 .24 .00 .00 .20 .28 0 | 1.0 .8
ah  .25 .05 .00 .03 .10 .18 0 | .8 .5
ao  .26 .00 .30 .28 .06 .14 0 | 1.0 .9
eh  .26 .18 .00 .00 .14 .22 0 | .9 .7
er  .15 .00 .28 .24 .08 .12 0 | .8 .8
ih  .15 .20 .00 .00 .10 .18 0 | .8 .6
iy  .10 .36 .00 .00 .10 .18 0 | .9 .9
uh  .14 .00 .38 .20 .04 .10 0 | .8 .8
uw  .09 .00 .66 .22 .00 .04 0 | .9 1.0
sil .00 .00 .00 .00 .00 .00 0 | .7 .6
p   .08 .00 .04 .00 .00 .00 0 | .9 .5
b   .08 .00 .04 .00 .00 .00 0 | .9 .5
m   .08 .00 .02 .00 .00 .00 0 | .9 .5
f   .07 .05 .00 .00 .12 .00 0 | .8 .9
v   .07 .05 .00 .00 .12 .00 0 | .8 .9
w   .08 .00 .72 .18 .00 .02 0 | .8 1.0
r   .11 .00 .34 .22 .04 .10 0 | .6 .7
l   .16 .06 .00 .00 .08 .16 .04 | .5 .3
y   .09 .26 .00 .00 .08 .14 0 | .6 .5
t   .09 .08 .00 .00 .06 .12 0 | .7 .3
d   .10 .08 .00 .00 .06 .12 0 | .6 .3
n   .11 .06 .00 .00 .06 .12 0 | .6 .3
s   .08 .20 .00 .00 .08 .20 0 | 1.0 .4
z   .08 .18 .00 .00 .08 .20 0 | 1.0 .4
sh  .06 .00 .28 .34 .06 .12 0 | 1.0 .9
zh  .06 .00 .28 .32 .06 .12 0 | 1.0 .9
ch  .06 .00 .26 .32 .06 .12 0 | 1.0 .8
jh  .06 .00 .26 .30 .06 .12 0 | 1.0 .8
th  .10 .08 .00 .00 .10 .16 .22 | .8 .5
dh  .10 .06 .00 .00 .08 .14 .16 | .7 .4
k   .13 .06 .00 .00 .06 .12 0 | .3 .15
g   .13 .06 .00 .00 .06 .12 0 | .3 .15
ng  .13 .06 .00 .00 .06 .12 0 | .3 .15
hh  .18 .00 .00 .00 .04 .10 0 | .1 .05
"""
_GLIDES = {"aw": ("aa", "uw"), "ay": ("aa", "ih"), "ey": ("eh", "iy"), "ow": ("ao", "uw"), "oy": ("ao", "iy")}
"""A diphthong is its first vowel gliding into its second."""
GLIDE_AT = 0.55
"""Part of a diphthong's length that belongs to its first vowel."""


@dataclass(frozen=True)
class Articulation:
    """The table as arrays; row i belongs to ``PHONES[i]``.

    Attributes:
        targets: (phones, 7) strengths in [0, 1] for `ARTICULATORS`.
        dominance: (phones, 2) of jaw and of lips, in (0, 1].
        second: (phones,) row that the phone glides into; its own row where it does not glide.
    """

    targets: NDArray[np.float64]
    dominance: NDArray[np.float64]
    second: NDArray[np.intp]


def _read_table() -> Articulation:
    targets, dominance = np.zeros((len(PHONES), len(ARTICULATORS))), np.zeros((len(PHONES), 2))
    for line in _TABLE.strip().splitlines():
        name, *rest = line.replace("|", " ").split()
        row, numbers = PHONE_INDEX[name], [float(text) for text in rest]
        targets[row], dominance[row] = numbers[: len(ARTICULATORS)], numbers[len(ARTICULATORS) :]
    second = np.arange(len(PHONES))
    for name, (first, last) in _GLIDES.items():
        row = PHONE_INDEX[name]
        targets[row], dominance[row] = targets[PHONE_INDEX[first]], dominance[PHONE_INDEX[first]]
        second[row] = PHONE_INDEX[last]
    assert (dominance > 0).all(), f"every phone has a row, {SILENCE} too"
    return Articulation(targets=targets, dominance=dominance, second=second)


ARTICULATION = _read_table()
