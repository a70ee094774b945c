"""Which voices there are, under which licence, and in which split each one is.

A voice is in one split only. espeak-ng's variants are split, whatever the accent; flite's rms is heard in the test
alone. Where a synthesiser is a program under the GPL, it is run as a tool: nothing of it becomes part of the product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sdk.training.corpus.sources.base import Source
from sdk.training.corpus.utterance import Split

ACCENTS = (
    "en", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc",
)  # fmt: skip
"""espeak-ng's accents of English that it finds by name."""

VARIANTS: dict[Split, tuple[str, ...]] = {
    "train": (
        "adam", "Alex", "Alicia", "Andrea", "Andy", "anika", "announcer", "antonio", "AnxiousAndy", "aunty",
        "belinda", "benjamin", "boris", "caleb", "croak", "david", "Diogo", "ed", "edward", "edward2", "f1", "f2",
        "f3", "f5", "fast", "Gene", "grandma", "gustave", "Henrique", "Hugo", "iven", "iven2", "iven4", "Jacky",
        "john", "kaukovalta", "klatt", "klatt2", "klatt4", "klatt5", "klatt6", "Lee", "m1", "m2", "m4", "m5", "m6",
        "m8", "marcelo", "Marco", "michel", "miguel", "Mike", "norbert", "pablo", "paul", "pedro", "quincy", "robert",
        "robosoft3", "sandro", "shelby", "steph", "steph2", "Storm", "travis", "Tweaky", "UniRobot", "victor",
        "whisper", "zac",
    ),
    "validation": ("Michael", "Gene2", "iven3", "klatt3", "m7", "steph3"),
    "test": ("Annie", "Denis", "Mario", "f4", "grandpa", "linda", "m3", "max", "rob", "whisperf"),
}  # fmt: skip
"""Variants of espeak-ng 1.51 by split. A variant is a speaker: its own formants, voice and pitch.
Left out: those with a loud echo (RicishayMax, robosoft), which fills the closures of stops."""


@dataclass(frozen=True)
class Voice:
    """One voice of one source.

    Attributes:
        name: as the source knows it.
        speaker: who it is, for the split: an espeak-ng variant, else the voice itself.
    """

    name: str
    speaker: str


@dataclass(frozen=True)
class SourceEntry:
    """One source: how to make it, and what of it goes where.

    Attributes:
        make: loads the synthesiser.
        licence: of the voices' data; see docs/corpus.md.
        voices: split -> voices.
        shares: split -> weight of this source in the split, against the other sources in use.
        package: what to install.
        language: of what its voices say: English sentences, or a key of `SYLLABLES` for invented words.
    """

    make: Callable[[], Source]
    licence: str
    voices: Mapping[Split, tuple[Voice, ...]]
    shares: Mapping[Split, float]
    package: str
    language: str = "english"


def _espeak() -> Source:
    from sdk.training.corpus.sources.espeak import EspeakSource

    return EspeakSource()


def _flite() -> Source:
    from sdk.training.corpus.sources.flite import FliteSource

    return FliteSource()


def _festival(
    language: str, packages: str, licence: str, shares: Mapping[Split, float], voices: Mapping[Split, tuple[str, ...]]
) -> SourceEntry:
    def make() -> Source:
        from sdk.training.corpus.sources.festival import FestivalSource

        return FestivalSource(language, [name for names in voices.values() for name in names], packages)

    named = {split: _named(*names) for split, names in voices.items()}
    return SourceEntry(make, licence, named, shares, f"Debian: {packages}", language)


def _hibari() -> Source:
    from sdk.training.corpus.sources.hibari import HibariSource

    return HibariSource()


def _named(*names: str) -> tuple[Voice, ...]:
    return tuple(Voice(name, name) for name in names)


SOURCES: dict[str, SourceEntry] = {
    "espeak-ng": SourceEntry(
        make=_espeak,
        licence="GPL-3.0-or-later tool",
        voices={
            split: tuple(Voice(f"{accent}+{variant}", variant) for variant in variants for accent in ACCENTS)
            for split, variants in VARIANTS.items()
        },
        shares={"train": 0.45, "validation": 1.0, "test": 0.4},
        package="Debian: espeak-ng",
    ),
    "flite": SourceEntry(
        make=_flite,
        licence="CMU Flite licence (BSD-like)",
        voices={"train": _named("awb", "slt", "kal16"), "test": _named("rms")},
        shares={"train": 0.30, "test": 0.6},
        package="Debian: flite",
    ),
    "festival": _festival(
        "english",
        "festival festvox-kdlpc16k",
        "Festvox KED licence (X11-like)",
        {"train": 0.07},
        {"train": ("ked_diphone",)},
    ),
    "hibari": SourceEntry(
        make=_hibari,
        licence="Apache-2.0",
        voices={"train": _named("heart")},
        shares={"train": 0.18},
        package="PyPI: hibari-tts onnx onnxruntime",
    ),
    "festival-czech": _festival(
        "czech",
        "festvox-czech-dita festvox-czech-krb festvox-czech-machac festvox-czech-ph",
        "GPL-2.0-or-later and GPL-3.0-or-later tools",
        {"train": 0.12, "validation": 0.25},
        {"train": ("czech_dita", "czech_krb", "czech_ph"), "validation": ("czech_machac",)},
    ),
    "festival-finnish": _festival(
        "finnish",
        "festvox-suopuhe-lj festvox-suopuhe-mv",
        "LGPL-2.0-or-later tool",
        {"train": 0.10},
        {"train": ("suo_fi_lj_diphone", "hy_fi_mv_diphone")},
    ),
    "festival-italian": _festival(
        "italian",
        "festvox-italp16k festvox-itapc16k",
        "GPL-2.0-or-later tool",
        {"train": 0.10},
        {"train": ("lp_diphone", "pc_diphone")},
    ),
    "festival-catalan": _festival(
        "catalan",
        "festvox-ca-ona-hts",
        "LGPL-2.1-or-later tool",
        {"train": 0.06},
        {"train": ("upc_ca_ona_hts",)},
    ),
    "festival-hindi": _festival(
        "hindi",
        "festival-hi festvox-hi-nsk",
        "GPL-2.0-or-later tool",
        {"train": 0.05},
        {"train": ("hindi_NSK_diphone",)},
    ),
    "festival-russian": _festival(
        "russian",
        "festvox-ru",
        "Shmyrev's licence (X11-like)",
        {"train": 0.07},
        {"train": ("msu_ru_nsh_clunits",)},
    ),
}
"""All sources, in the order of their numbers in a seed; a new one goes to the end."""
ENGLISH = tuple(name for name, entry in SOURCES.items() if entry.language == "english")
"""Sources of a corpus whose command names none. The other languages are asked for by name: in the same number of steps,
a model that learns them as well speaks English less well (docs/corpus.md has the figures)."""
