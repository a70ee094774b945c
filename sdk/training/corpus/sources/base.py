"""What a source of speech is: it says lines with a voice and knows when each phone sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sdk.training.corpus.utterance import Speech


@dataclass(frozen=True)
class Line:
    """One utterance to be said. Not every source can follow every wish.

    Attributes:
        text: what to say.
        voice: name of a voice, as the source knows it.
        pace: speed against the voice's own, 1.0 = unchanged.
        pitch: against the voice's own, 0..1, 0.5 = unchanged.
        liveliness: range of the pitch, 0..1, 0.5 = unchanged.
        seed: for sources that draw noise.
    """

    text: str
    voice: str
    pace: float
    pitch: float
    liveliness: float
    seed: int


class Source(Protocol):
    """A synthesiser in one process. It loads when made, and says the same line alike in every fresh process."""

    def versions(self) -> dict[str, str]:
        """Name and version of each thing that the sound depends on."""
        ...

    def say(self, lines: Sequence[Line]) -> Iterator[Speech | None]:
        """One `Speech` for each line, in order; None where the voice cannot say it.

        Raises:
            SynthesiserError: the synthesiser failed as a whole.
        """
        ...
