"""Phone sets of Festival's voices, by language, to the phones of `sdk.training.phones`.

A sound that English lacks becomes the phone with the nearest lips and jaw: a rolled r has the lips of an l, not those
of an English r; a front rounded vowel those of uw. The sets are those that each voice states to Festival
(``(PhoneSet.description '(phones))``).
"""

from __future__ import annotations

from sdk.training.corpus.ipa import UnknownSymbolError, phone_of_radio
from sdk.training.phones import PHONE_INDEX, SILENCE

_PAUSES = ("#", "##", "_", "pau")
_TABLES: dict[str, dict[str, str]] = {
    "catalan": {
        "ax": "ah", "a": "aa", "a1": "aa", "e": "eh", "e1": "eh", "E": "eh", "E1": "eh", "i": "iy", "i1": "iy",
        "o": "ao", "o1": "ao", "O": "ao", "O1": "ao", "u": "uw", "u1": "uw", "j": "y", "J": "n y", "L": "l y",
        "r": "l", "rr": "l", "S": "sh", "Z": "zh",
    },
    "czech": {
        "a": "aa", "a:": "aa", "e": "eh", "e:": "eh", "i": "iy", "i:": "iy", "o": "ao", "o:": "ao", "u": "uw",
        "u:": "uw", "c": "t s", "c~": "ch", "ch": "k", "d~": "d y", "dz": "d z", "dz~": "jh", "h": "hh", "j": "y",
        "n*": "ng", "n~": "n y", "r": "l", "r~": "zh", "r~*": "sh", "s~": "sh", "t~": "t y", "z~": "zh",
    },
    "finnish": {
        "a": "aa", "e": "eh", "i": "iy", "o": "ao", "u": "uw", "y": "uw", "@": "ae", "&": "ah", "7": "er",
        "S": "sh", "h": "hh", "j": "y", "N": "ng", "r": "l", "L": "l", "T": "th", "D": "dh", "Z": "zh",
    },
    "hindi": {
        "a": "ah", "eh": "eh", "ee": "eh", "ay": "eh", "oh": "ao", "oo": "ao", "aw": "ao", "T": "t", "D": "d",
        "N": "n", "th": "t", "dh": "d", "bh": "b", "kh": "k", "gh": "g", "ph": "p", "td": "t", "tth": "t",
        "ddh": "d", "r": "l", "L": "l", "R": "l", "h": "hh", "j": "jh", "zh": "jh", "@": "ah",
    },
    "italian": {
        "a": "aa", "a1": "aa", "e": "eh", "e1": "eh", "E": "eh", "E1": "eh", "i": "iy", "i1": "iy", "o": "ao",
        "o1": "ao", "O": "ao", "O1": "ao", "u": "uw", "u1": "uw", "j": "y", "S": "sh", "Z": "zh", "ts": "t s",
        "tS": "ch", "dz": "d z", "dZ": "jh", "J": "n y", "nf": "v", "L": "l y", "r": "l",
    },
    "russian": {
        "ii": "iy", "i": "iy", "yy": "ih", "y": "ih", "uu": "uw", "u": "uw", "ur": "uh", "ee": "eh", "e": "eh",
        "oo": "ao", "a": "ah", "ae": "ah", "ay": "ah", "c": "t s", "sch": "sh", "h": "k", "hh": "k", "j": "y",
        "r": "l", "rr": "l",
    },
}  # fmt: skip
"""Language -> symbol -> phones; a symbol that is a phone itself needs no entry."""
_LONG = {"finnish": ":", "czech": ":"}
_SOFT = frozenset({"pp", "bb", "tt", "dd", "kk", "gg", "ff", "vv", "ss", "zz", "mm", "nn", "ll"})
"""Russian's palatalised consonants: the same lips."""


def phones_of_festival(language: str, symbol: str) -> tuple[str, ...]:
    """Phones of a segment of a Festival voice that speaks `language`.

    Raises:
        UnknownSymbolError: no entry fits.
    """
    if language == "english":
        return (phone_of_radio(symbol),)
    if symbol in _PAUSES:
        return (SILENCE,)
    table = _TABLES[language]
    short = symbol.removesuffix(_LONG.get(language, " "))
    soft = symbol[1:] if language == "russian" and symbol in _SOFT else short
    phones = tuple((table.get(symbol) or table.get(short) or soft).split())
    if not all(phone in PHONE_INDEX for phone in phones):
        raise UnknownSymbolError(symbol)
    return phones
