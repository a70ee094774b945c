"""Free-running judgement of a task on prepared clips: nothing of the reference is fed back, as on a device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from sdk.errors import NumericalError
from sdk.training.cache import PreparedClip
from sdk.training.labels import due_seconds
from sdk.training.scores import ScoredClip, Scores, score
from sdk.training.task import CHANNELS, Task


def judge(
    task: Task,
    clips: Iterable[PreparedClip],
    advance: Callable[[], None] = lambda: None,
) -> Scores:
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
        values: of a task on clips: numbers by name.
        error: the name of the one that is least for the best checkpoint.
    """

    values: Callable[[Task, Sequence[PreparedClip]], Mapping[str, float]]
    error: str


def speech_values(task: Task, clips: Sequence[PreparedClip]) -> Mapping[str, float]:
    """The fields of `judge`'s scores."""
    return asdict(judge(task, clips))


SPEECH = Measure(speech_values, "gap_mae_mm")
"""For faces of ARKit's channels."""


def spread(clips: Sequence[PreparedClip], count: int) -> list[PreparedClip]:
    """`count` of the clips at even distances, or all if there are fewer or `count` is 0."""
    if not count or count >= len(clips):
        return list(clips)
    return [clips[index * len(clips) // count] for index in range(count)]


def _scored(task: Task, clip: PreparedClip) -> ScoredClip:
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
