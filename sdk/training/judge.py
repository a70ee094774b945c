"""Judgement of a task on prepared clips, as on a device: a face runs free and nothing of the reference is fed back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from sdk.errors import NumericalError, UsageError
from sdk.training.cache import PreparedClip
from sdk.training.labels import due_seconds
from sdk.training.scores import ScoredClip, Scores, score, table
from sdk.training.scores.sync import SyncScores, score_sync, sync_table
from sdk.training.task import CHANNELS, AnimatingTask, MeteringTask, Task

MISTAKE = 2.0
"""Millimetres of gap error that all closures together are worth. By the gap alone, a MeshTalk that hit 11 of 100
closures and was off by 2.59 mm stood before one, 1,500 steps later, that hit 95 and was off by 2.80: a mouth that never
shuts errs little, for closures are short."""


def nothing() -> None:
    """Progress that nobody watches."""


def judge(task: AnimatingTask, clips: Iterable[PreparedClip], advance: Callable[[], None] = nothing) -> Scores:
    """Animate every clip and score the motion against the teacher's.

    Args:
        task: with the weights to judge, in evaluation mode.
        clips: those of fewer than two frames are left out.
        advance: called after each clip.

    Raises:
        NumericalError: the task gave a number that is not finite.
        ValueError: no clip is long enough.
    """

    def scored() -> Iterator[ScoredClip]:
        for clip in clips:
            if clip.frames >= 2:
                yield _scored(task, clip)
            advance()

    return score(scored())


@dataclass(frozen=True)
class Measure:
    """How the checkpoints of a run are compared.

    Attributes:
        values: of a task on clips: numbers by name; calls its third argument after each clip.
        error: of those values; it is least for the best checkpoint.
    """

    values: Callable[[Task, Sequence[PreparedClip], Callable[[], None]], Mapping[str, float]]
    error: Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class Judgement(Measure):
    """A measure that people read.

    Attributes:
        table: a Markdown table of values by the name of their set.
    """

    table: Callable[[Mapping[str, Mapping[str, Any]]], str]


def _speech_values(task: Task, clips: Sequence[PreparedClip], advance: Callable[[], None]) -> Mapping[str, float]:
    assert isinstance(task, AnimatingTask)
    return asdict(judge(task, clips, advance))


def speech_error(values: Mapping[str, float]) -> float:
    """Millimetres: the lip gap's error, and `MISTAKE` for the part of closures missed and of open vowels closed.

    Rates without a case (NaN) count nothing.
    """
    missed, false = 1 - values["hit_rate"], values["false_closure_rate"]
    return values["gap_mae_mm"] + MISTAKE * sum(rate for rate in (missed, false) if not math.isnan(rate))


def _sync_values(task: Task, clips: Sequence[PreparedClip], advance: Callable[[], None]) -> Mapping[str, float]:
    assert isinstance(task, MeteringTask)
    return asdict(score_sync(task.meter, clips, advance))


SPEECH = Judgement(
    _speech_values, speech_error, lambda sets: table({name: Scores(**values) for name, values in sets.items()})
)
"""For faces of ARKit's channels: the fields of `Scores`."""
SYNC = Judgement(
    _sync_values,
    itemgetter("offset_error_ms"),
    lambda sets: sync_table({name: SyncScores(**v) for name, v in sets.items()}),
)
"""For sync meters: the fields of `SyncScores`."""


def judgement_of(task: Task) -> Judgement:
    """By what the task does.

    Raises:
        UsageError: it does nothing that can be judged.
    """
    if isinstance(task, AnimatingTask):
        return SPEECH
    if isinstance(task, MeteringTask):
        return SYNC
    raise UsageError(type(task).__name__, "neither animates nor meters", "give it one of the two methods")


def spread(clips: Sequence[PreparedClip], count: int) -> list[PreparedClip]:
    """`count` of the clips at even distances, or all if there are fewer or `count` is 0."""
    if not count or count >= len(clips):
        return list(clips)
    return [clips[index * len(clips) // count] for index in range(count)]


def _scored(task: AnimatingTask, clip: PreparedClip) -> ScoredClip:
    made = task.animate(np.array(clip.features))
    assert made.shape == (clip.frames, CHANNELS), f"task gave {made.shape} for {clip.frames} frames"
    if not np.isfinite(made).all():
        raise NumericalError(clip.id, "the model's motion is not finite", "lower the learning rate")
    return ScoredClip(
        predicted=made,
        reference=np.array(clip.labels.targets),
        times=due_seconds(clip.frames),
        phones=clip.phones,
        closures=clip.closures,
    )
