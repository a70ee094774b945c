"""How well a face fits the voice: by how many milliseconds it is late, judged by ear and eye and not by a reference.

`sdk.parity.face.timing` says how much a candidate lags its reference. Whether the reference itself is in time only the
sound can tell: a sync meter that has learnt which motion belongs to which sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdk.audio.clock import SampleClock
from sdk.audio.pcm import to_mono_float
from sdk.audio.resample import resample
from sdk.parity.face.region import Values
from sdk.plugins import load_plugin
from sdk.runtime.sync import read_scores
from sdk.spec import SAMPLE_RATE, FrameRate

ENTRY_POINT_GROUP = "nowface.sync_meters"
METER = "default"
LEAST_SECONDS = 2.0
"""Of a shorter stream nothing is said."""
SURE = 0.25
"""Confidence from which on a face counts as that of the voice. On held-out voices a stream's own face has 0.31 or more,
half of them 0.51; the face of another has 0.12 in the middle and 0.24 at the 95th percentile. The default FaceFormer's
own has 0.32."""
JAW = "jawOpen"


class SyncMeter(Protocol):
    """What the entry point gives when it is called.

    Attributes:
        channels: names of the channels of its motion.
        frame_rate: of its motion.
    """

    @property
    def channels(self) -> Sequence[str]:
        """See the class."""
        ...

    @property
    def frame_rate(self) -> FrameRate:
        """See the class."""
        ...

    def frames(self, samples: int) -> int:
        """Frames of motion for so many samples at 16 kHz."""
        ...

    def scores(self, pcm: NDArray[np.float32], motions: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Likeness of sound (N,) at 16 kHz and each motion (T, channels) at each offset, see `read_scores`."""
        ...


@dataclass(frozen=True)
class SyncFigures:
    """Of a candidate and of the reference beside it.

    Attributes:
        late_ms, reference_late_ms: how much later the face moves than the sound asks for; below 0 it is early.
        confidence, reference_confidence: how far the likeness at that offset stands above the median of all offsets.
    """

    late_ms: float
    reference_late_ms: float
    confidence: float
    reference_confidence: float

    @property
    def known(self) -> bool:
        """Whether the reference's face is known to be that of the voice: only then do the figures mean anything."""
        return self.reference_confidence >= SURE

    @property
    def fits(self) -> bool:
        """Whether the candidate's is."""
        return self.confidence >= SURE

    @property
    def shift_ms(self) -> float:
        """How much later than the reference the candidate is."""
        return self.late_ms - self.reference_late_ms


def sync_figures(
    reference: Values,
    candidate: Values,
    names: Sequence[str],
    *,
    pcm: NDArray[np.float32] | NDArray[np.int16],
    sample_rate: int,
    due_sample: NDArray[np.int64],
) -> SyncFigures | None:
    """Measure a stream of a rig; None where its channels are not the meter's or it is too short.

    Args:
        reference: (T, channels), finite.
        candidate: the same.
        names: of the channels; those that the meter knows and the rig has not stay at rest.
        pcm: (N,) finite samples that are heard.
        sample_rate: of `pcm`.
        due_sample: (T,) what each frame shows, on the 16 kHz clock.
    """
    meter = _meter()
    if meter is None or JAW not in names or not set(names) <= set(meter.channels):
        return None
    if not len(due_sample) or due_sample[-1] < LEAST_SECONDS * SAMPLE_RATE or not np.isfinite(pcm).all():
        return None
    mono = to_mono_float(pcm)
    sound = (mono if sample_rate == SAMPLE_RATE else resample(mono, sample_rate))[: int(due_sample[-1])]
    clock = SampleClock(meter.frame_rate, 1)
    shown = np.array([clock.due(index) for index in range(meter.frames(len(sound)))], np.float64)
    faces = [_on_channels(values, names, meter.channels, due_sample, shown) for values in (reference, candidate)]
    ours, theirs = (read_scores(scores, meter.frame_rate) for scores in meter.scores(sound, faces))
    # Sound that comes early is a face that comes late.
    return SyncFigures(-theirs.offset_ms, -ours.offset_ms, theirs.confidence, ours.confidence)


def _on_channels(
    values: Values, names: Sequence[str], channels: Sequence[str], due: NDArray[np.int64], shown: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Values (T, names) at `due` as the meter's channels at the samples `shown`, frames between by a straight line."""
    motion = np.zeros((len(shown), len(channels)), np.float32)
    for column, name in enumerate(names):
        motion[:, channels.index(name)] = np.interp(shown, due, values[:, column])
    return motion


@cache
def _meter() -> SyncMeter | None:
    make = load_plugin(ENTRY_POINT_GROUP, METER)
    return make() if make else None
