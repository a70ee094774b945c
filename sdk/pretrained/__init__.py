"""Data that ships with the SDK. README.md in this folder says where each file comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SPEECH: Final[Path] = Path(__file__).with_name("speech.flac")
"""Synthetic speech, FLAC, 16 kHz, mono, 16 bit, 156,221 samples (9.76 s): two sentences with silence around them.

The exporter records a bundle's test vectors from it.
"""


SPEECH_PHONES: Final[Path] = SPEECH.with_name("speech.phones.txt")
"""When each phone of `SPEECH` sounds: a label track, in ARPAbet."""


VATT_SYNC: Final[Path] = SPEECH.with_name("vatt_sync")
"""Folder of the sync meter's weights."""


def weights_folder(model: str) -> Path:
    """Folder of a model's embedded weights, as a training run writes it, with its model card."""
    return Path(__file__).with_name(model)
