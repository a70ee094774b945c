"""How a face comes to rest, in millimetres and milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import UsageError
from sdk.parity.face.face import Face, rows
from sdk.parity.face.region import Region, squared_distance
from sdk.parity.face.silence import trembling
from sdk.spec import SAMPLE_RATE

Doubles = NDArray[np.float64]
LEAST_LATE = 3
"""Frames after the time to settle, that trembling can be seen in."""


@dataclass(frozen=True)
class RestFigures:
    """What a face does in a sound that is no speech. "Late" is after the time in which it had to settle.

    Attributes:
        settle_ms: from the moment the rest begins until the lips are within the bound for good; None when they are not
            at the last frame.
        lip_mm: largest distance of a vertex of the lips from rest, late.
        gap_mm: largest change of the lip gap from rest, late; None where the face has no known gap.
        upper_mm: largest distance of a vertex of brows and lids from rest, late; None where unknown.
        channel: name of the channel that is farthest from zero, late; empty for vertices and where all are zero.
        channel_value: and how far that is; None for vertices.
        jitter_mm: root mean square second difference of the lips' vertices, late.
    """

    settle_ms: float | None
    lip_mm: float
    gap_mm: float | None
    upper_mm: float | None
    channel: str
    channel_value: float | None
    jitter_mm: float


def rest_figures(
    values: ArrayLike,
    due_sample: NDArray[np.int64],
    face: Face,
    rest: ArrayLike,
    *,
    begin: int,
    deadline_ms: float,
    bound_mm: float,
    channels: Sequence[str] = (),
) -> RestFigures:
    """Measure a stream.

    Args:
        values: (T, ...) of the frames, finite.
        due_sample: (T,) of the frames, increasing.
        face: what the values move.
        rest: values of the face at rest, of a frame's size.
        begin: sample at which the rest begins.
        deadline_ms: time from then on in which the face has to settle.
        bound_mm: distance of the lips from rest that counts as settled.
        channels: names of the values of a rig.

    Raises:
        UsageError: the stream ends before the face has to rest, or within `LEAST_LATE` frames.
    """
    whole, at_rest = rows(values), np.asarray(rest, np.float64).reshape(-1)
    resting = due_sample >= begin
    late = due_sample >= begin + deadline_ms * SAMPLE_RATE / 1000
    if late.sum() < LEAST_LATE:
        problem = f"{int(late.sum())} frames come after the time to settle, {LEAST_LATE} are needed"
        raise UsageError("--seconds", problem, "ask for more")
    lips = distance(face.lips, whole, at_rest)
    gap, gap_at_rest = face.gap(whole[late]), face.gap(at_rest[None])
    farthest = np.abs(whole[late]).max(axis=0) if channels else np.zeros(1)
    return RestFigures(
        settle_ms=settle_ms(lips[resting] > bound_mm, due_sample[resting] - begin),
        lip_mm=float(lips[late].max()),
        gap_mm=None if gap is None or gap_at_rest is None else float(np.abs(gap - gap_at_rest).max()),
        upper_mm=None if face.upper is None else float(distance(face.upper, whole[late], at_rest).max()),
        channel=channels[int(farthest.argmax())] if channels and farthest.any() else "",
        channel_value=float(farthest.max()) if channels else None,
        jitter_mm=trembling(whole[late], np.ones(int(late.sum()), bool), face.lips) or 0.0,
    )


def distance(region: Region, values: NDArray[np.floating], rest: Doubles) -> Doubles:
    """(T,) millimetres from rest of the vertex of a region that is farthest from it, for values (T, D) and (D,)."""
    blocks = [block.max(axis=1) for block in squared_distance(region, values, less=rest)]
    farthest: Doubles = np.sqrt(np.concatenate(blocks))
    return farthest


def settle_ms(beyond: NDArray[np.bool_], since: NDArray[np.int64]) -> float | None:
    """Milliseconds after which no frame is beyond its bound; None when the last one is.

    Args:
        beyond: (T,) T at least 1.
        since: (T,) samples from the beginning of the rest to the frames.
    """
    last = np.flatnonzero(beyond)
    if not len(last):
        return 0.0
    if last[-1] + 1 == len(beyond):
        return None
    return float(since[last[-1] + 1]) * 1000 / SAMPLE_RATE
