"""Speech of Festival with a diphone voice made from one person's recordings; one process for a block of lines."""

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

TIME_LIMIT = 600.0
"""Seconds for one block of lines."""
MEND = "install the Debian packages festival and festvox-kdlpc16k (apt-get install festival festvox-kdlpc16k)"


class FestivalSource:
    """The program ``festival``.

    Raises:
        MissingSynthesiserError: it or its voice is not installed.
    """

    def __init__(self) -> None:
        program = shutil.which("festival")
        if program is None:
            raise MissingSynthesiserError("festival", "is not installed", MEND)
        self._program = program
        voices = subprocess.run([program, "-b", "(print (voice.list))"], capture_output=True, text=True, check=False)
        if "ked_diphone" not in voices.stdout:
            raise MissingSynthesiserError("festival", "has no voice ked_diphone", MEND)

    def versions(self) -> dict[str, str]:
        """Version that the program reports."""
        told = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=False).stdout
        return {"festival": next((word for word in told.split() if word[:1].isdigit()), "unknown")}

    def say(self, lines: Sequence[Line]) -> Iterator[Speech | None]:
        """Say the lines; pitch and liveliness are the voice's own."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            script = folder / "block.scm"
            script.write_text("\n".join(_commands(folder, index, line) for index, line in enumerate(lines)), "utf-8")
            try:
                subprocess.run([self._program, "-b", str(script)], capture_output=True, timeout=TIME_LIMIT, check=True)
            except (subprocess.SubprocessError, OSError) as error:
                raise SynthesiserError("festival", f"failed ({error})", "check its installation") from error
            for index in range(len(lines)):
                pcm = load_speech(folder / f"{index}.wav")
                labels = (folder / f"{index}.lab").read_text("utf-8")
                yield end_lip_closures_at_burst(Speech(pcm, tuple(_phones(labels, len(pcm) / 16_000))))


def _commands(folder: Path, index: int, line: Line) -> str:
    text = line.text.replace("\\", " ").replace('"', " ")
    return (
        f"(voice_{line.voice})\n(Parameter.set 'Duration_Stretch {1 / line.pace:.4f})\n"
        f'(set! said (SynthText "{text}"))\n'
        f'(utt.save.wave said "{folder / f"{index}.wav"}" \'riff)\n'
        f'(utt.save.segs said "{folder / f"{index}.lab"}")'
    )


def _phones(labels: str, seconds: float) -> Iterator[TimedPhone]:
    """Phones of an ESPS label file: a line with ``#``, then ``end colour name`` a phone."""
    start = 0.0
    for row in labels.split("#", 1)[1].split("\n"):
        if not row.strip():
            continue
        told, _, symbol = row.split()
        end = min(float(told), seconds)
        name = phone_of_radio(symbol)
        if end > start and name != SILENCE:
            yield TimedPhone(name, start, end)
        start = max(start, end)
