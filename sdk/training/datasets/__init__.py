"""Readers of published face data in the layouts that research code uses: speech, and a face's vertices over time."""

from __future__ import annotations

from sdk.training.datasets.multiface import open_multiface
from sdk.training.datasets.sequence import Recording, RecordingSplit
from sdk.training.datasets.wav_and_vertices import BIWI, VOCASET, Layout, open_wav_and_vertices

__all__ = [
    "BIWI",
    "VOCASET",
    "Layout",
    "Recording",
    "RecordingSplit",
    "open_multiface",
    "open_wav_and_vertices",
]
