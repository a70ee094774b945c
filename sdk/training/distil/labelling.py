"""Plain audio to utterances without phones, and an offline model as their teacher."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.audio.files import MAGIC, load_speech
from sdk.errors import UsageError
from sdk.spec import SAMPLE_RATE
from sdk.training.distil.basis import MotionBasis
from sdk.training.distil.offline import OfflineModel, load_offline
from sdk.training.phones import TimedPhone

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus")
PIECE = 8 * SAMPLE_RATE
"""Longest piece of a file, in samples."""
SHORTEST = SAMPLE_RATE
"""Shorter pieces are left out."""
HELD_OUT_EVERY = 8
"""Every 8th piece is held out for validation."""


@dataclass(frozen=True, eq=False)
class PlainSpeech:
    """A piece of a sound file; the fields that training asks of an utterance, without phones."""

    id: str
    pcm: NDArray[np.float32]
    voice: str
    phones: tuple[TimedPhone, ...] = ()


def read_pieces(folder: Path, split: str) -> Iterator[PlainSpeech]:
    """Pieces of at most 8 s of all sound files below `folder`, in the order of their names.

    Args:
        folder: searched with its folders.
        split: ``validation`` gives every 8th piece, ``train`` the others.

    Raises:
        UsageError: there is no sound in the folder.
        AudioError: a file is damaged.
    """
    number = 0
    for path in sound_files(folder):
        pcm = load_speech(path)
        for start in range(0, len(pcm) - SHORTEST + 1, PIECE):
            held_out = number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
            number += 1
            if held_out == (split == "validation"):
                name = f"{path.relative_to(folder).as_posix()}@{start}"
                yield PlainSpeech(name, pcm[start : start + PIECE], path.parent.name)


def sound_files(folder: Path) -> list[Path]:
    """Sound files below `folder`, sorted.

    Raises:
        UsageError: there is none.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise UsageError(folder, "holds no sound file", f"give a folder of {', '.join(sorted(set(MAGIC.values())))}")
    return files


def digest(files: Sequence[Path]) -> str:
    """SHA-256 of the files' contents, in their order."""
    total = hashlib.sha256()
    for path in files:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@dataclass(frozen=True)
class SampledCurve:
    """Weights (T, 52) at frame times, linear between them and constant outside."""

    frames: NDArray[np.float32]
    frame_seconds: float
    closures: tuple[tuple[float, float], ...] = ()

    def weights(self, times: NDArray[np.floating]) -> NDArray[np.float32]:
        """(len(times), 52)."""
        places = np.clip(times / self.frame_seconds, 0, len(self.frames) - 1)
        before = np.minimum(places.astype(int), max(0, len(self.frames) - 2))
        after = np.minimum(before + 1, len(self.frames) - 1)
        share = (places - before)[:, None]
        return np.asarray(self.frames[before] * (1 - share) + self.frames[after] * share, np.float32)


@dataclass(frozen=True)
class OfflineTeacher:
    """An offline model as the `sdk.training.labels.Teacher` of preparation; each process loads it once."""

    checkpoint: Path
    template: NDArray[np.float32] | None
    basis: MotionBasis
    _loaded: list[OfflineModel] = field(default_factory=list, compare=False, repr=False)

    def __call__(self, phones: Sequence[TimedPhone], pcm: NDArray[np.float32], seed: int) -> SampledCurve:
        """The model's face for `pcm`; phones and seed are not used."""
        model = self.model()
        return SampledCurve(self.basis.weights(model.animate(pcm)), model.frame_seconds)

    def model(self) -> OfflineModel:
        """The loaded model."""
        if not self._loaded:
            self._loaded.append(load_offline(self.checkpoint, self.template))
        return self._loaded[0]

    def __getstate__(self) -> dict[str, object]:
        """Without the loaded model: another process loads its own."""
        return {"checkpoint": self.checkpoint, "template": self.template, "basis": self.basis, "_loaded": []}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
