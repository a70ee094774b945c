"""One utterance: speech, what was said, and when each phone sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE
from sdk.training.phones import TimedPhone, are_in_order

Split = Literal["train", "validation", "test", "human_validation", "human_test"]
SPLITS: tuple[Split, ...] = get_args(Split)
"""No voice is in two of them. The human ones hold recordings, the others synthetic speech."""

Pcm = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Speech:
    """What a source says: sound and its phones, before it has a place in a corpus.

    Attributes:
        pcm: (N,) float32 at 16 kHz, full scale 1.0.
        phones: in order, within the sound; gaps are silence.
    """

    pcm: Pcm
    phones: tuple[TimedPhone, ...]

    def __post_init__(self) -> None:
        assert self.pcm.ndim == 1
        assert self.pcm.dtype == np.float32
        assert are_in_order(self.phones)
        assert not self.phones or self.phones[-1].end <= self.seconds + 1e-9

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.pcm) / SAMPLE_RATE


@dataclass(frozen=True, eq=False)
class Utterance:
    """One utterance of a corpus.

    Attributes:
        id: unique in the corpus, e.g. ``train-000003-0012``.
        pcm: (N,) float32 at 16 kHz, multiples of 2^-15.
        phones: in order, within the sound, from the first sample to the last; times are whole samples.
        text: what was said.
        voice: who said it, e.g. ``espeak-ng/en-us+f2``; a voice is in one split only.
        source: the synthesiser, or the package of a recording.
        split: one of `SPLITS`.
        licence: SPDX expression or short name of the voice's or the recording's licence.
    """

    id: str
    pcm: Pcm
    phones: tuple[TimedPhone, ...]
    text: str
    voice: str
    source: str
    split: Split
    licence: str

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.pcm) / SAMPLE_RATE
