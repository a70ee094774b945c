"""Speech of flite: voices built from recordings of people (CMU ARCTIC awb, rms, slt) and a diphone voice."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sdk.audio.files import load_speech
from sdk.training.corpus.closures import end_lip_closures_at_burst
from sdk.training.corpus.errors import MissingSynthesiserError, SynthesiserError
from sdk.training.corpus.ipa import phone_of_radio
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import SILENCE, TimedPhone

TIME_LIMIT = 120.0
"""Seconds for one sentence; flite needs about 0.2."""


class FliteSource:
    """The program ``flite``, one process a sentence.

    Raises:
        MissingSynthesiserError: it is not installed.
    """

    def __init__(self) -> None:
        program = shutil.which("flite")
        if program is None:
            mend = "install the Debian package flite (apt-get install flite)"
            raise MissingSynthesiserError("flite", "is not installed", mend)
        self._program = program

    def versions(self) -> dict[str, str]:
        """Version that the program reports."""
        command = [self._program, "--version"]  # prints it and exits with 1
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
        return {"flite": next((word.removeprefix("flite-") for word in told if word.startswith("flite-")), "unknown")}

    def say(self, lines: Sequence[Line]) -> Iterator[Speech | None]:
        """Say the lines; pitch and liveliness are the voice's own."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            for line in lines:
                stretch = f"duration_stretch={1 / line.pace:.4f}"
                said = self._run(["-voice", line.voice, "--setf", stretch, "-psdur", "-t", line.text, "-o", str(path)])
                pcm = load_speech(path)
                phones = tuple(_phones(said, len(pcm) / 16_000))
                yield end_lip_closures_at_burst(Speech(pcm, phones))

    def _run(self, arguments: list[str]) -> str:
        try:
            done = subprocess.run(
                [self._program, *arguments], capture_output=True, text=True, timeout=TIME_LIMIT, check=True
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise SynthesiserError("flite", f"failed ({error})", "check its installation") from error
        return done.stdout


def _phones(said: str, seconds: float) -> Iterator[TimedPhone]:
    """Phones of ``name:end`` pairs. The labels' last pause is longer than the sound, so they are cut to it."""
    start = 0.0
    for pair in said.split():
        symbol, _, told = pair.rpartition(":")
        end = min(float(told), seconds)
        name = phone_of_radio(symbol)
        if end > start and name != SILENCE:
            yield TimedPhone(name, start, end)
        start = max(start, end)
