"""Lip error while mouth or face are hidden from the tracker, beside what an app could do otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.runtime import Session
from sdk.training.occlusion.stream import Floats, follow
from sdk.training.scores.clip import gap_mm

METHODS = ("tracking with sound", "last face held", "tracking without sound", "sound alone")
BEFORE_SECONDS, HIDDEN_SECONDS, SEEN_SECONDS = 1.0, 1.0, 0.5
"""A clip is seen for a second; then it is hidden for a second and seen for half a second, again and again."""
REGAIN_FRAMES = 6
"""Frames after the face is seen again in which a jump is looked for."""


@dataclass(frozen=True)
class Clip:
    """What is said and what the face does.

    Attributes:
        pcm: (N,) at 16 kHz.
        faces: (T, C) true weights at the frames' due times.
        name: of the utterance.
    """

    pcm: Floats
    faces: Floats
    name: str = ""


@dataclass(frozen=True)
class Traces:
    """One clip by every method; lip gaps in mm (T,).

    Attributes:
        hidden: (T,) whether the tracker sees nothing of what is hidden.
        truth: of the true face.
        shown: method -> gap.
    """

    hidden: NDArray[np.bool_]
    truth: NDArray[np.float64]
    shown: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Result:
    """Of one method over all clips.

    Attributes:
        hidden_mm: mean absolute error of the lip gap while hidden.
        seen_mm: the same while seen.
        jump_mm: mean size of the largest step of the gap from a frame to the next where the face is lost or regained,
            less the same in the true face; below 0 when it moves less than that.
    """

    hidden_mm: float
    seen_mm: float
    jump_mm: float


def hidden_frames(frames: int, rate: float) -> NDArray[np.bool_]:
    """(T,) when the tracker is blind; see `HIDDEN_SECONDS`."""
    seconds = np.arange(frames) / rate - BEFORE_SECONDS
    return (seconds >= 0) & (seconds % (HIDDEN_SECONDS + SEEN_SECONDS) < HIDDEN_SECONDS)


def trace(open_session: Callable[[], Session], clip: Clip, regions: Sequence[int], count: int, rate: float) -> Traces:
    """One clip by every method.

    Args:
        open_session: gives a new session of a tracking bundle.
        clip: with its true face, which the tracker sees without error where it sees it.
        regions: that are hidden; all of them for the whole face.
        count: regions of the model.
        rate: frames a second.
    """
    hidden = hidden_frames(len(clip.faces), rate)
    seen = np.ones((len(clip.faces), count), np.float32)
    seen[np.ix_(np.flatnonzero(hidden), np.asarray(regions, np.intp))] = 0
    nothing = np.zeros_like(seen)
    last = np.maximum.accumulate(np.where(hidden, 0, np.arange(len(hidden))))
    silent = np.zeros_like(clip.pcm)
    faces = {
        METHODS[0]: follow(open_session, clip.pcm, clip.faces, seen),
        METHODS[1]: clip.faces[last],
        METHODS[2]: follow(open_session, silent, clip.faces, seen),
        METHODS[3]: follow(open_session, clip.pcm, clip.faces, nothing),
    }
    frames = min(len(face) for face in faces.values())
    gaps = {method: gap_mm(face[:frames]) for method, face in faces.items()}
    return Traces(hidden[:frames], gap_mm(clip.faces[:frames]), gaps)


def summarise(traces: Iterable[Traces]) -> dict[str, Result]:
    """Results of every method, each frame counting alike."""
    held = list(traces)
    hidden = np.concatenate([each.hidden for each in held])
    truth = np.concatenate([each.truth for each in held])
    true_jump = np.mean([_jump(each.truth, each.hidden) for each in held])
    results = {}
    for method in METHODS:
        error = np.abs(np.concatenate([each.shown[method] for each in held]) - truth)
        jump = np.mean([_jump(each.shown[method], each.hidden) for each in held])
        results[method] = Result(float(error[hidden].mean()), float(error[~hidden].mean()), float(jump - true_jump))
    return results


def _jump(gap: NDArray[np.float64], hidden: NDArray[np.bool_]) -> float:
    """Mean over the changes of sight of the largest step of the gap in the frames that follow."""
    changes = np.flatnonzero(hidden[1:] != hidden[:-1])
    steps = np.abs(np.diff(gap))
    return float(np.mean([steps[at : at + REGAIN_FRAMES].max() for at in changes])) if len(changes) else 0.0
