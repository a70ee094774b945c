"""Scores of speech animation on the default head: one pass over the clips of a set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.lip_curves import Array, Moments, best_lag, lagged, second_difference
from sdk.training.scores.clip import ScoredClip, gap_mm
from sdk.training.scores.closures import false_closures, hits, lateness
from sdk.training.scores.labiodentals import at_the_teeth, falsely_at_the_teeth
from sdk.training.scores.motion import at_rest, displacement

MOUTH = tuple(i for i, name in enumerate(ARKIT_52) if name.startswith(("mouth", "jaw", "tongue")))
"""Places of the channels that speech moves."""
PUCKER = ARKIT_52.index("mouthPucker")


@dataclass(frozen=True)
class Scores:
    """How well a set of clips was animated. A score that its set cannot give (no closures, no movement) is NaN.

    Attributes:
        clips, frames, closures, open_vowels: how many there were.
        mouth_mae: mean absolute error of the mouth's, jaw's and tongue's weights.
        gap_mae_mm: mean absolute error of the lip gap.
        gap_correlation: Pearson's, over all frames of all clips. It does not tell a model from loudness: read it with
            the closures.
        lag_ms: delay of the predicted gap at which it fits the reference best, within 250 ms; positive is late.
        hit_rate: closures of p, b, m with a predicted gap below 1 mm within -40 to +50 ms; 1 is best.
        late_ms, late_p90_ms: median and 90th percentile of how much later than the reference a hit closes.
        false_closure_rate: open vowels that are closed anywhere in their middle half; 0 is best.
        teeth_rate: f and v that roll the lower lip in at least half as far as the reference within -40 to +50 ms.
        false_teeth_rate: other sounds that roll it in where the reference does not; 0 is best.
        pucker_correlation: Pearson's, of channel mouthPucker.
        jerk_mm, reference_jerk_mm: mean absolute second difference of the gap at the frame rate.
        motion_mm, reference_motion_mm: root mean square displacement from rest of the mouth's vertices.
        rest_mm: the same of the prediction alone, where nobody speaks and the reference has come to rest (within 0.25
            mm): what is left of the motion in silence; 0 is best.
    """

    clips: int
    frames: int
    closures: int
    open_vowels: int
    mouth_mae: float
    gap_mae_mm: float
    gap_correlation: float
    lag_ms: float
    hit_rate: float
    late_ms: float
    late_p90_ms: float
    false_closure_rate: float
    teeth_rate: float
    false_teeth_rate: float
    pucker_correlation: float
    jerk_mm: float
    reference_jerk_mm: float
    motion_mm: float
    reference_motion_mm: float
    rest_mm: float


def score(clips: Iterable[ScoredClip]) -> Scores:
    """Score clips; definitions stand at `Scores`.

    Raises:
        ValueError: there is no clip.
    """
    count, gaps, pucker, lags = 0, Moments(), Moments(), None
    hit: list[bool] = []
    wrong: list[bool] = []
    teeth: list[bool] = []
    wrong_teeth: list[bool] = []
    late: list[float] = []
    parts: dict[str, list[Array]] = {
        name: [] for name in ("mouth", "gap", "jerk", "reference_jerk", "motion", "reference_motion", "rest")
    }
    for clip in clips:
        count += 1
        predicted, reference = gap_mm(clip.predicted), gap_mm(clip.reference)
        gaps += Moments.of(predicted, reference)
        pucker += Moments.of(*(w[:, PUCKER].astype(np.float64) for w in (clip.predicted, clip.reference)))
        shifted = lagged(clip.fine.predicted, clip.fine.reference)
        lags = shifted if lags is None else [a + b for a, b in zip(lags, shifted, strict=True)]
        hit += hits(clip)
        wrong += false_closures(clip)
        teeth += at_the_teeth(clip)
        wrong_teeth += falsely_at_the_teeth(clip)
        late += lateness(clip)
        moved = displacement(clip.predicted)
        parts["mouth"].append(np.abs(clip.predicted - clip.reference)[:, MOUTH].mean(1))
        parts["gap"].append(np.abs(predicted - reference))
        parts["jerk"].append(second_difference(predicted))
        parts["reference_jerk"].append(second_difference(reference))
        parts["motion"].append(moved)
        parts["reference_motion"].append(displacement(clip.reference))
        parts["rest"].append(moved[at_rest(clip)])
    if lags is None:
        raise ValueError("there is no clip to score")
    series = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return Scores(
        clips=count,
        frames=len(series["gap"]),
        closures=len(hit),
        open_vowels=len(wrong),
        mouth_mae=_mean(series["mouth"]),
        gap_mae_mm=_mean(series["gap"]),
        gap_correlation=gaps.correlation,
        lag_ms=best_lag(lags) * 1000,
        hit_rate=_mean(np.array(hit, np.float64)),
        late_ms=_percentile(late, 50) * 1000,
        late_p90_ms=_percentile(late, 90) * 1000,
        false_closure_rate=_mean(np.array(wrong, np.float64)),
        teeth_rate=_mean(np.array(teeth, np.float64)),
        false_teeth_rate=_mean(np.array(wrong_teeth, np.float64)),
        pucker_correlation=pucker.correlation,
        jerk_mm=_mean(series["jerk"]),
        reference_jerk_mm=_mean(series["reference_jerk"]),
        motion_mm=_root_mean_square(series["motion"]),
        reference_motion_mm=_root_mean_square(series["reference_motion"]),
        rest_mm=_root_mean_square(series["rest"]),
    )


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _root_mean_square(values: Array) -> float:
    return float(np.sqrt(_mean(values * values)))


def _percentile(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else float("nan")
