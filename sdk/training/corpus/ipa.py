"""Phonetic symbols of the synthesisers to the phones of `sdk.training.phones`.

Three alphabets: espeak-ng's IPA (its English accents), the radio alphabet of Festival and flite (Boston University
Radio News Corpus: ARPAbet with ``ax`` and ``pau``), and misaki's one-letter IPA, which Kokoro-like models use. An
accent's vowel becomes the ARPAbet vowel with the nearest lip shape, since phones here drive a face. A symbol that
stands for two phones gives both, each with an equal part of the time.
"""

from __future__ import annotations

from sdk.training.phones import PHONE_INDEX

_VOWELS = {
    "a": "ae", "aa": "aa", "aː": "aa", "a:": "aa", "æ": "ae", "ɐ": "ah", "ɑ": "aa", "ɑː": "aa", "ɒ": "aa",
    "e": "eh", "eː": "eh", "ɛ": "eh", "ɛː": "eh", "ə": "ah", "ɜ": "er", "ɜː": "er", "ɚ": "er", "ɝ": "er",
    "i": "iy", "iː": "iy", "ɪ": "ih", "ɨ": "ih", "ᵻ": "ih", "o": "ow", "oː": "ao", "ɔ": "ao", "ɔː": "ao",
    "u": "uw", "uː": "uw", "ʉ": "uw", "ʉː": "uw", "ʊ": "uh", "ʌ": "ah",
    "aɪ": "ay", "aʊ": "aw", "æʊ": "aw", "ei": "ey", "eɪ": "ey", "əɪ": "ay", "oʊ": "ow", "əʊ": "ow", "əu": "ow",
    "ʌʊ": "aw", "ʌʉ": "aw", "ɔɪ": "oy", "oɪ": "oy",
    "aɪə": "ay ah", "aɪɚ": "ay er", "eə": "eh ah", "ɛə": "eh ah", "iə": "iy ah", "ɪə": "ih ah", "oə": "ao ah",
    "ɔə": "ao ah", "ʊə": "uh ah", "ɑə": "aa ah", "əl": "ah l",
}  # fmt: skip
_CONSONANTS = {
    "b": "b", "d": "d", "dʒ": "jh", "ð": "dh", "f": "f", "g": "g", "ɡ": "g", "h": "hh", "j": "y", "k": "k",
    "l": "l", "ɫ": "l", "m": "m", "n": "n", "n̩": "n", "ŋ": "ng", "p": "p", "r": "r", "ɹ": "r", "ɾ": "d", "s": "s",
    "ʃ": "sh", "t": "t", "t̪": "t", "tʃ": "ch", "θ": "th", "v": "v", "w": "w", "ʍ": "w", "x": "k", "z": "z", "ʒ": "zh",
    "ʔ": "t", "ʲ": "y",
}  # fmt: skip
_RADIO = {
    "ax": "ah",
    "axr": "er",
    "pau": "sil",
    "h#": "sil",
    "ssil": "sil",
    "brth": "sil",
    "dx": "d",
    "en": "n",
    "el": "l",
}

_MISAKI = {
    "A": "ey", "I": "ay", "W": "aw", "Y": "oy", "O": "ow", "Q": "ow", "ᵊ": "ah", "ʤ": "jh", "ʧ": "ch", "T": "d",
    "ɜ": "er", "ɡ": "g",
}  # fmt: skip


class UnknownSymbolError(ValueError):
    """A synthesiser named a sound that these tables lack."""


def phones_of_ipa(symbol: str) -> tuple[str, ...]:
    """Phones of one espeak-ng event; empty for a pause.

    Raises:
        UnknownSymbolError: no entry fits.
    """
    if not symbol:
        return ()
    known = _VOWELS.get(symbol) or _CONSONANTS.get(symbol)
    if known:
        return tuple(known.split())
    for tail in ("ɹ", "ɚ", "ə"):  # a vowel and its r in one event: oːɹ, ɛɹ, ʌɹ
        head = symbol.removesuffix(tail)
        if head != symbol and head in _VOWELS:
            return (*_VOWELS[head].split(), *(_VOWELS.get(tail) or _CONSONANTS[tail]).split())
    raise UnknownSymbolError(symbol)


def phone_of_radio(symbol: str) -> str:
    """Phone of a Festival or flite segment.

    Raises:
        UnknownSymbolError: no entry fits.
    """
    phone = _RADIO.get(symbol, symbol)
    if phone not in PHONE_INDEX:
        raise UnknownSymbolError(symbol)
    return phone


def phone_of_misaki(symbol: str) -> str | None:
    """Phone of one letter of misaki's alphabet; None for stress and length marks, spaces and punctuation.

    Raises:
        UnknownSymbolError: a letter without an entry.
    """
    phone = _MISAKI.get(symbol) or _VOWELS.get(symbol) or _CONSONANTS.get(symbol)
    if phone is None and symbol.isalpha() and symbol not in "ˈˌːʰʲ":
        raise UnknownSymbolError(symbol)
    return phone
