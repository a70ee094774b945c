"""What waiting buys: the same student trained for several lookaheads, measured in the teacher's own mesh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE
from sdk.training.cache import PreparedClip
from sdk.training.distil.basis import MotionBasis
from sdk.training.judge import Measure
from sdk.training.recipe import Recipe
from sdk.training.run import run_training
from sdk.training.task import CLOCK, AnimatingTask, Task
from sdk.training.trainer import StepResult, Trainer

LOOKAHEADS = (0, 533, 1067, 1600)
"""Samples at 16 kHz: 0, 33, 67 and 100 ms."""
FRAME_MS = 1000 / float(CLOCK.frame_rate.fraction)
MOST_LAG = 8
"""Frames of delay that are searched for."""


@dataclass(frozen=True)
class Price:
    """A student at one lookahead, on held-out audio.

    Attributes:
        lookahead_ms: of the future that a frame hears, and by which it comes later.
        error: mean distance of a vertex from the teacher's, in the teacher's unit.
        of_constant: the same as a part of the error of the best constant face.
        lag_ms: delay, beyond the lookahead, at which the student fits the teacher best.
        jerk: mean second difference of the student's vertices, as a part of the teacher's.
    """

    lookahead_ms: float
    error: float
    of_constant: float
    lag_ms: float
    jerk: float


def vertex_measure(basis: MotionBasis) -> Measure:
    """The fields of `Price` but the lookahead, for the trainer; the least error is the best."""

    def values(task: Task, clips: Sequence[PreparedClip], _: Callable[[], None]) -> Mapping[str, float]:
        assert isinstance(task, AnimatingTask)
        made, wanted = [], []
        for clip in clips:
            if clip.frames > MOST_LAG + 3:
                made.append(basis.vertices(task.animate(np.array(clip.features))))
                wanted.append(basis.vertices(np.array(clip.labels.targets)))
        mean = np.concatenate(wanted).mean(0)
        error = _distance(made, wanted)
        return {
            "error": error,
            "of_constant": error / max(_distance([np.broadcast_to(mean, w.shape) for w in wanted], wanted), 1e-12),
            "lag_ms": FRAME_MS * min(range(-MOST_LAG, MOST_LAG + 1), key=lambda lag: _lagged(made, wanted, lag)),
            "jerk": _jerk(made) / max(_jerk(wanted), 1e-12),
        }

    return Measure(values, itemgetter("error"))


def ignore(_: int, __: StepResult) -> None:
    """Progress that nobody watches."""


def price_of_lookahead(
    recipe: Recipe,
    train: Sequence[PreparedClip],
    validation: Sequence[PreparedClip],
    basis: MotionBasis,
    out: Path,
    *,
    lookaheads: Sequence[int] = LOOKAHEADS,
    resume: bool = False,
    watch: Callable[[int, StepResult], None] = ignore,
) -> list[Price]:
    """Train the recipe's student once for each lookahead, each in its folder of `out`, and measure it.

    Args:
        recipe: of the student.
        train, validation: labelled clips.
        basis: of the teacher's mesh.
        out: gets a run's folder ``lookahead-MSms`` for each.
        lookaheads: in samples at 16 kHz; the task must know ``lookahead_samples``.
        resume: go on with runs that were cut.
        watch: called after every update, with the lookahead.

    Raises:
        UsageError: the task knows no lookahead.
    """
    prices = []
    for samples in lookaheads:
        student = recipe.model_copy(update={"model": {**recipe.model, "lookahead_samples": samples}})
        milliseconds = samples * 1000 / SAMPLE_RATE
        folder = out / f"lookahead-{round(milliseconds)}ms"
        folder.mkdir(parents=True, exist_ok=True)
        values = run_training(
            Trainer(student, train),
            validation,
            folder,
            resume=resume,
            measure=vertex_measure(basis),
            watch=partial(watch, samples),
        )
        assert values is not None, "one process trains"
        prices.append(Price(lookahead_ms=milliseconds, **values))
    return prices


Motion = Sequence[NDArray[np.float32]]


def _distance(made: Motion, wanted: Motion) -> float:
    return float(
        np.concatenate([np.linalg.norm(a - b, axis=-1).mean(1) for a, b in zip(made, wanted, strict=True)]).mean()
    )


def _lagged(made: Motion, wanted: Motion, lag: int) -> float:
    """Distance of the made motion from the wanted motion `lag` frames before, over the same frames for every lag."""
    middle = slice(MOST_LAG, -MOST_LAG)
    return _distance([a[MOST_LAG + lag : len(a) - MOST_LAG + lag] for a in made], [b[middle] for b in wanted])


def _jerk(motion: Motion) -> float:
    return float(np.concatenate([np.linalg.norm(np.diff(m, 2, axis=0), axis=-1).mean(1) for m in motion]).mean())
