"""Speech of Festival with voices made from one person's recordings each; one process for a block of lines."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sdk.audio.files import load_speech
from sdk.training.corpus.closures import end_lip_closures_at_burst
from sdk.training.corpus.errors import MissingSynthesiserError, SynthesiserError
from sdk.training.corpus.festival_phones import phones_of_festival
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import SILENCE, TimedPhone

TIME_LIMIT = 600.0
"""Seconds for one block of lines."""
ENCODINGS = {"czech": "iso-8859-2", "finnish": "iso-8859-1"}
"""Of the letters that a language's rules read, where it is not UTF-8."""


class FestivalSource:
    """The program ``festival`` with the voices of one language.

    Args:
        language: of the voices; a key of `SYLLABLES`, or English.
        voices: names that Festival knows them by.
        packages: Debian packages that they come in.

    Raises:
        MissingSynthesiserError: it or a voice is not installed.
    """

    def __init__(self, language: str, voices: Sequence[str], packages: str) -> None:
        mend = f"install the Debian packages of it (apt-get install {packages})"
        program = shutil.which("festival")
        if program is None:
            raise MissingSynthesiserError("festival", "is not installed", mend)
        self._program, self._language, self._packages = program, language, packages.split()
        told = subprocess.run([program, "-b", "(print (voice.list))"], capture_output=True, text=True, check=False)
        installed = told.stdout.replace("(", " ").replace(")", " ").split()
        if missing := next((voice for voice in voices if voice not in installed), None):
            raise MissingSynthesiserError("festival", f"has no voice {missing}", mend)

    def versions(self) -> dict[str, str]:
        """Version that the program reports, and those of the packages; unknown for what Debian did not install."""
        told = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=False).stdout
        program = next((word for word in told.split() if word[:1].isdigit()), "unknown")
        return {**dict.fromkeys(self._packages, "unknown"), **_installed(self._packages), "festival": program}

    def say(self, lines: Sequence[Line]) -> Iterator[Speech | None]:
        """Say the lines; pitch and liveliness are the voice's own. A line that the voice's rules stop at is None."""
        try:
            yield from self._said(lines)
        except subprocess.CalledProcessError:  # one line ends the process, and with it the block
            if len(lines) == 1:
                yield None
                return
            for line in lines:
                yield from self.say([line])

    def _said(self, lines: Sequence[Line]) -> Iterator[Speech]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            script = folder / "block.scm"
            commands = "\n".join(_commands(folder, index, line) for index, line in enumerate(lines))
            script.write_text(commands, ENCODINGS.get(self._language, "utf-8"))
            try:
                subprocess.run([self._program, "-b", str(script)], capture_output=True, timeout=TIME_LIMIT, check=True)
            except (subprocess.TimeoutExpired, OSError) as error:
                raise SynthesiserError("festival", f"failed ({error})", "check its installation") from error
            for index in range(len(lines)):
                pcm = load_speech(folder / f"{index}.wav")
                labels = (folder / f"{index}.lab").read_text("utf-8")
                phones = tuple(_phones(labels, self._language, len(pcm) / 16_000))
                yield end_lip_closures_at_burst(Speech(pcm, phones))


def _installed(packages: Sequence[str]) -> dict[str, str]:
    """Versions of the Debian packages among `packages` that are installed."""
    query = shutil.which("dpkg-query")
    if query is None:
        return {}
    command = [query, "--show", "--showformat", "${Package} ${Version}\n", *packages]  # exits with 1 if one is missing
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return {name: version for name, _, version in (line.partition(" ") for line in told.splitlines()) if version}


def _commands(folder: Path, index: int, line: Line) -> str:
    text = line.text.replace("\\", " ").replace('"', " ")
    return (
        f"(voice_{line.voice})\n(Parameter.set 'Duration_Stretch {1 / line.pace:.4f})\n"
        f'(set! said (SynthText "{text}"))\n'
        f'(utt.save.wave said "{folder / f"{index}.wav"}" \'riff)\n'
        f'(utt.save.segs said "{folder / f"{index}.lab"}")'
    )


def _phones(labels: str, language: str, seconds: float) -> Iterator[TimedPhone]:
    """Phones of an ESPS label file: a line with ``#``, then ``end colour name`` a segment."""
    start = 0.0
    for row in labels.split("#", 1)[1].split("\n"):
        if not row.strip():
            continue
        told, _, symbol = row.split()
        end = min(float(told), seconds)
        if end <= start:
            continue
        names = phones_of_festival(language, symbol)
        edges = np.linspace(start, end, len(names) + 1).tolist()
        for name, first, last in zip(names, edges, edges[1:], strict=False):
            if name != SILENCE:
                yield TimedPhone(name, first, last)
        start = end
