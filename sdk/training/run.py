"""A whole run: updates, validations, checkpoints and the log, to the recipe's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sdk.errors import UsageError
from sdk.training.cache import PreparedClip, write_whole
from sdk.training.checkpoints import load_checkpoint, save_checkpoint
from sdk.training.judge import Measure, judgement_of, nothing, spread
from sdk.training.log import RunLog
from sdk.training.schedule import learning_rate
from sdk.training.trainer import StepResult, Trainer

LATEST, BEST, MODEL, DATA = "latest.pt", "best.pt", "model", "data.txt"
"""Names in the folder of a run: checkpoints, the folder that `Task.save` writes from the best weights, and the digest
of what the run learns from."""


def begin_run(out: Path, data: str) -> None:
    """Make the folder of a run, and hold a run that goes on to the data that it began with.

    Args:
        out: the folder.
        data: digest of all that the run learns from.

    Raises:
        UsageError: the run in the folder learns from other data, or the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        began = (out / DATA).read_text(encoding="utf-8") if (out / DATA).exists() else data
        if began != data:
            raise UsageError(out, "its run learns from other data", "name that data again, or another folder")
        write_whole(out / DATA, data)
    except OSError as error:
        raise UsageError(out, f"cannot be written ({error.strerror})", "name another folder") from error


def ignore(_: StepResult) -> None:
    """Progress that nobody watches."""


def run_training(
    trainer: Trainer,
    validation: Sequence[PreparedClip],
    out: Path,
    *,
    resume: bool = False,
    tensorboard: bool = False,
    watch: Callable[[StepResult], None] = ignore,
    measure: Measure | None = None,
) -> Mapping[str, float] | None:
    """Train to the recipe's end: updates, validations, checkpoints, log; then write the best model.

    Args:
        trainer: at its start.
        validation: clips to judge on.
        out: folder of the run; process 0 writes into it.
        resume: go on from the folder's latest checkpoint, if there is one.
        tensorboard: also write event files.
        watch: called after every update.
        measure: what is logged, and which checkpoint is the best; None for what fits the task.

    Returns:
        values of the best weights on the validation clips; None in all processes but the first.

    Raises:
        CheckpointError, UsageError: the checkpoint cannot be resumed.
        NumericalError: training diverged.
    """
    recipe, first, measure = trainer.recipe, trainer.processes.first, measure or judgement_of(trainer.task)
    if resume and (out / LATEST).exists():
        trainer.restore(load_checkpoint(out / LATEST))
    log = RunLog(out, step=trainer.step, tensorboard=tensorboard) if first else None
    while trainer.step < recipe.optimiser.steps:
        began = time.perf_counter()
        result = trainer.update()
        if log:
            rate = learning_rate(recipe.optimiser, result.step - 1)
            row = {**result.losses, "gradient_norm": result.gradient_norm, "learning_rate": rate}
            log.write("train", result.step, {**row, "seconds": time.perf_counter() - began})
        last = trainer.step == recipe.optimiser.steps
        if log and (last or trainer.step % recipe.validation.every == 0):
            values = _values(trainer, validation, measure)
            log.write("validation", trainer.step, values)
            # Before a recipe's finish the weights answer to other losses: the least error of all may be there.
            error = measure.error(values)
            if recipe.finishing(trainer.step - 1) and error < trainer.best:
                trainer.best = error
                save_checkpoint(out / BEST, trainer.checkpoint())
            save_checkpoint(out / LATEST, trainer.checkpoint())
        watch(result)
    if not log:
        return None
    log.close()
    trainer.average = dict(load_checkpoint(out / BEST).average)
    with trainer.averaged() as task:
        task.save(out / MODEL)
    return _values(trainer, validation, measure)


def _values(trainer: Trainer, clips: Sequence[PreparedClip], measure: Measure) -> Mapping[str, float]:
    with trainer.averaged() as task:
        return measure.values(task, spread(clips, trainer.recipe.validation.clips), nothing)
