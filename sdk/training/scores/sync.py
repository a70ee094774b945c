"""Scores of a sync meter: how well it reads known offsets, and how well it tells a voice's own face from another's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.stats import mannwhitneyu

from sdk.errors import UsageError
from sdk.runtime.sync import SyncReading, read_scores
from sdk.training.cache import PreparedClip
from sdk.training.task import CLOCK, MEETING_FRAMES, MEETING_HOPS

Motion = NDArray[np.float32]
Meter = Callable[[NDArray[np.float32], Motion], NDArray[np.float32]]
"""Features of a clip (hops, F) and motion (T, 52) to the scores (2 K + 1,) after its last frame."""

LARGEST_SHIFT = 10.0
"""Frames by which motion is shifted at most, either way: 333 ms. A meter looks a little further."""
STREAM_MEETINGS = 60
"""Pieces of 0.1 s: six seconds, of which a meter of three seconds' memory sees the most."""


@dataclass(frozen=True)
class SyncScores:
    """How well a meter does on streams of six seconds or more, each the consecutive clips of one voice.

    Attributes:
        streams: how many there are.
        offset_error_ms, offset_p95_ms: mean and 95th percentile of the absolute error of the offset, the motion of each
            being shifted by a known amount, drawn evenly from +-333 ms, parts of frames among them.
        within_frame: share of those errors below a frame, 33 ms.
        bias_ms: median of the error with its sign; above 0, sound is taken to be later than it is.
        confidence: median, of a stream with its own motion.
        wrong_confidence: median, of a stream with the motion of another.
        auc: probability that a stream's own motion has the higher confidence of the two; 1 is best, 0.5 is chance.
    """

    streams: int
    offset_error_ms: float
    offset_p95_ms: float
    within_frame: float
    bias_ms: float
    confidence: float
    wrong_confidence: float
    auc: float


@dataclass(frozen=True)
class Stream:
    """Clips of one voice, one after the other.

    Attributes:
        features: (hops, F).
        motion: (T, 52).
    """

    features: NDArray[np.float32]
    motion: Motion


def streams(clips: Iterable[PreparedClip]) -> Iterator[Stream]:
    """The clips of a voice joined, in their order, until they are long enough; what is left of a voice is left out.

    Each is cut where the clocks of hops and frames meet, so that those after it stay in time.
    """
    for _, of_voice in groupby(sorted(clips, key=lambda clip: clip.group), lambda clip: clip.group):
        features, motion, meetings = [], [], 0
        for clip in of_voice:
            whole = clip.frames // MEETING_FRAMES
            features.append(clip.features[: whole * MEETING_HOPS])
            motion.append(clip.labels.targets[: whole * MEETING_FRAMES])
            meetings += whole
            if meetings >= STREAM_MEETINGS:
                yield Stream(np.concatenate(features), np.concatenate(motion))
                features, motion, meetings = [], [], 0


def score_sync(meter: Meter, clips: Iterable[PreparedClip], advance: Callable[[], None] = lambda: None) -> SyncScores:
    """Score a meter; definitions stand at `SyncScores`.

    Args:
        meter: to judge.
        clips: joined by `streams`; the wrong motion of a stream is that of the one halfway round the set.
        advance: called after each clip has been read.

    Raises:
        UsageError: there are not two streams.
    """

    def watched() -> Iterator[PreparedClip]:
        for clip in clips:
            yield clip
            advance()

    whole = list(streams(watched()))
    if len(whole) < 2:
        problem = f"{len(whole)} streams of six seconds of one voice: a wrong pair takes two"
        raise UsageError("sync meter", problem, "judge it on more speech")
    frame_ms = 1000 / float(CLOCK.frame_rate.fraction)
    errors, right, wrong = [], [], []
    for number, stream in enumerate(whole):
        drawn = np.random.default_rng(number).uniform(-LARGEST_SHIFT, LARGEST_SHIFT)
        reading = _read(meter, stream, shifted(stream.motion, drawn))
        # Motion that is late by so much is sound that is early.
        errors.append(reading.offset_ms + drawn * frame_ms)
        right.append(reading.confidence)
        other = whole[(number + len(whole) // 2) % len(whole)].motion
        wrong.append(_read(meter, stream, np.resize(other, stream.motion.shape)).confidence)
    size = np.abs(errors)
    return SyncScores(
        streams=len(whole),
        offset_error_ms=float(size.mean()),
        offset_p95_ms=float(np.percentile(size, 95)),
        within_frame=float((size < frame_ms).mean()),
        bias_ms=float(np.median(errors)),
        confidence=float(np.median(right)),
        wrong_confidence=float(np.median(wrong)),
        auc=float(mannwhitneyu(right, wrong).statistic / len(right) / len(wrong)),
    )


def shifted(motion: Motion, frames: float) -> Motion:
    """Motion (T, 52) that comes `frames` later, parts of a frame by a cubic spline; the ends stand still."""
    places = np.arange(len(motion))
    moved: Motion = CubicSpline(places, motion)(np.clip(places - frames, 0, len(motion) - 1)).astype(np.float32)
    return moved


def sync_table(sets: dict[str, SyncScores]) -> str:
    """A Markdown table of `sets` by name, without a final line break."""
    rows = [
        "| set | streams | offset error ms | p95 ms | within a frame | bias ms | own face | another's | AUC |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, s in sets.items():
        errors = f"{s.offset_error_ms:.1f} | {s.offset_p95_ms:.0f} | {s.within_frame:.3f} | {s.bias_ms:.1f}"
        known = f"{s.confidence:.2f} | {s.wrong_confidence:.2f} | {s.auc:.3f}"
        rows.append(f"| {name} | {s.streams} | {errors} | {known} |")
    return "\n".join(rows)


def _read(meter: Meter, stream: Stream, motion: Motion) -> SyncReading:
    return read_scores(meter(stream.features, motion), CLOCK.frame_rate)
