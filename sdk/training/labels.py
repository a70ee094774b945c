"""What a clip teaches: the teacher's face, the closures and the silences at every frame's due time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE
from sdk.training.phones import PHONE_INDEX, SILENCE, TimedPhone
from sdk.training.task import CLOCK, HOP

UNKNOWN = -100
"""Class of a frame whose phone nobody knows; what PyTorch's cross-entropy ignores."""


class Curve(Protocol):
    """A face over time, as `sdk.training.teacher.MotionCurve`.

    Attributes:
        closures: (start, end) in seconds in which the lips are shut.
    """

    @property
    def closures(self) -> Sequence[tuple[float, float]]:
        """See the class."""
        ...

    def weights(self, times: NDArray[np.floating]) -> NDArray[np.float32]:
        """(T, 52) weights at times (T,) in seconds."""
        ...


class Teacher(Protocol):
    """Timed phones and their clean sound to a face. Must be picklable: preparation runs in several processes."""

    def __call__(self, phones: Sequence[TimedPhone], pcm: NDArray[np.float32], seed: int) -> Curve:
        """The face that says `phones`."""
        ...


@dataclass(frozen=True)
class Labels:
    """Of one clip.

    Attributes:
        targets: (T, 52) float32.
        closures: (T,) uint8.
        silence: (T,) uint8; all 0 where nobody knows.
    """

    targets: NDArray[np.float32]
    closures: NDArray[np.uint8]
    silence: NDArray[np.uint8]


def rule_teacher(phones: Sequence[TimedPhone], pcm: NDArray[np.float32], seed: int) -> Curve:
    """The SDK's own teacher, without blinks: they cannot be heard."""
    from sdk.training.teacher import motion_curve

    return motion_curve(phones, pcm, seed, blinks=False)


def frames_of(hops: int) -> int:
    """Frames T of a clip of `hops` whole hops."""
    return CLOCK.frames_ready(hops * HOP)


def due_seconds(frames: int, first: int = 0) -> NDArray[np.float64]:
    """Due times (frames,) in seconds, from frame `first` on."""
    return np.array([CLOCK.due(index) for index in range(first, first + frames)], np.float64) / SAMPLE_RATE


def label(curve: Curve, phones: Sequence[TimedPhone] | None, frames: int) -> Labels:
    """Sample a curve at the due times of `frames` frames; phones are None where nobody knows them."""
    times = due_seconds(frames)
    targets = np.ascontiguousarray(curve.weights(times), np.float32)
    if phones is None:
        return Labels(targets, _inside(times, curve.closures), np.zeros(frames, np.uint8))
    speech = [(phone.start, phone.end) for phone in phones if phone.name != SILENCE]
    return Labels(targets, _inside(times, curve.closures), 1 - _inside(times, speech))


def phone_classes(phones: Sequence[TimedPhone], silence: NDArray[np.uint8], first: int = 0) -> NDArray[np.int64]:
    """What sounds when each frame is due.

    Args:
        phones: in order.
        silence: (frames,) as in `Labels`, from frame `first` of the clip on.
        first: that frame.

    Returns:
        (frames,) places in `sdk.training.phones.PHONES`; `UNKNOWN` where neither a phone nor silence is known.
    """
    times = due_seconds(len(silence), first)
    classes = np.where(silence == 1, PHONE_INDEX[SILENCE], UNKNOWN)
    for phone in phones:
        begin, end = np.searchsorted(times, [phone.start, phone.end])
        classes[begin:end] = PHONE_INDEX[phone.name]
    return classes.astype(np.int64)


def _inside(times: NDArray[np.float64], spans: Sequence[tuple[float, float]]) -> NDArray[np.uint8]:
    """1 for each time within one of the spans, their ends included."""
    inside = np.zeros(len(times), np.uint8)
    for start, end in spans:
        inside[np.searchsorted(times, start) : np.searchsorted(times, end, side="right")] = 1
    return inside
