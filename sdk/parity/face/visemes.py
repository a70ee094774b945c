"""Phones by what the lips do for them: groups that look alike, of the 39 phones of the CMU Pronouncing Dictionary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Viseme:
    """A group of phones that look alike on the lips.

    Attributes:
        name: one word, for tables and JSON.
        meaning: what the lips do.
        phones: ARPAbet in lower case, without stress marks.
    """

    name: str
    meaning: str
    phones: tuple[str, ...]


BILABIAL = Viseme("bilabial", "lips together", ("p", "b", "m"))
VISEMES = (
    BILABIAL,
    Viseme("labiodental", "lower lip to the teeth", ("f", "v")),
    Viseme(
        "rounded", "lips rounded or pushed out", ("w", "uw", "uh", "ow", "oy", "ao", "er", "r", "sh", "zh", "ch", "jh")
    ),
    Viseme("open", "jaw down", ("aa", "ae", "ah", "aw", "ay", "eh")),
    Viseme("spread", "lips spread", ("iy", "ih", "ey", "y")),
    Viseme("tongue", "lips take part little", ("t", "d", "n", "l", "s", "z", "th", "dh", "k", "g", "ng", "hh")),
)
"""In the order in which an error shows most. A viseme, says Fisher (1968), is what a lip reader takes for one sound."""
OTHER = Viseme("other", "in no group", ())
"""Phones in another alphabet."""
SILENCE = Viseme("silence", "nobody speaks", ("sil",))
"""And whatever lies between phones."""

_BY_PHONE = {phone: viseme for viseme in (*VISEMES, SILENCE) for phone in viseme.phones}


def viseme_of(phone: str) -> Viseme:
    """The group that a phone belongs to; `OTHER` for a name that is not in ARPAbet. Stress marks count for nothing."""
    return _BY_PHONE.get(phone.rstrip("012").lower(), OTHER)
