"""Segments of prepared clips as batches, drawn from the seed and the step alone: there is no state to resume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sdk.errors import UsageError
from sdk.training.cache import PreparedClip
from sdk.training.labels import UNKNOWN, phone_classes
from sdk.training.task import CHANNELS, MEETING_FRAMES, MEETING_HOPS, Batch


class SegmentSampler:
    """Draws segments, each second of speech as often as every other.

    Args:
        clips: to draw from.
        size: segments of a batch, over all processes.
        meetings: length of a segment in pieces of 0.1 s, see `sdk.training.task.MEETING`.
        seed: of the recipe.

    Raises:
        UsageError: there is no clip.
    """

    def __init__(self, clips: Sequence[PreparedClip], *, size: int, meetings: int, seed: int) -> None:
        if not clips:
            raise UsageError("training", "there is no clip", "prepare a corpus with a train split")
        self.clips, self.size, self.meetings, self.seed = clips, size, meetings, seed
        self._lengths = np.array([max(1, len(clip.features) // MEETING_HOPS) for clip in clips])
        self._ends = np.cumsum(self._lengths)

    def batch(self, step: int, rank: int = 0, processes: int = 1) -> Batch:
        """The share of process `rank` in the batch of `step`; all shares together are the batch of one process."""
        segments = self._draw(step)[rank::processes]
        parts = [self._segment(self.clips[clip], start) for clip, start in segments]
        return Batch(*(torch.from_numpy(np.stack(column)) for column in zip(*parts, strict=True)))

    def _draw(self, step: int) -> list[tuple[int, int]]:
        """(clip, start in meetings) of each segment."""
        generator = np.random.default_rng([self.seed, step])
        places = generator.integers(0, self._ends[-1], self.size)
        chosen = np.searchsorted(self._ends, places, side="right")
        starts = generator.integers(0, np.maximum(1, self._lengths[chosen] - self.meetings + 1))
        return [(int(clip), int(start)) for clip, start in zip(chosen, starts, strict=True)]

    def _segment(self, clip: PreparedClip, start: int) -> tuple[NDArray[Any], ...]:
        frames = self.meetings * MEETING_FRAMES
        first = start * MEETING_FRAMES
        features = _cut(clip.features, start * MEETING_HOPS, self.meetings * MEETING_HOPS)
        valid = _cut(np.ones(clip.frames, np.float32), first, frames)
        if not clip.frames:
            nothing, unknown = np.zeros(frames, np.float32), np.full(frames, UNKNOWN, np.int64)
            return features, np.zeros((frames, CHANNELS), np.float32), nothing, nothing, valid, unknown
        shown = np.minimum(np.arange(first, first + frames), clip.frames - 1)
        labels = clip.labels
        return (
            features,
            labels.targets[shown],
            labels.closures[shown].astype(np.float32),
            labels.silence[shown].astype(np.float32),
            valid,
            phone_classes(clip.phones, labels.silence[shown[0] : shown[-1] + 1], int(shown[0]))[shown - shown[0]],
        )


def _cut(array: NDArray[np.float32], start: int, count: int) -> NDArray[np.float32]:
    """`count` rows from `start`, zeros behind the end."""
    rows = array[start : start + count]
    out = np.zeros((count, *array.shape[1:]), np.float32)
    out[: len(rows)] = rows
    return out
