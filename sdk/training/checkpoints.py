"""Checkpoints: all that a run needs to go on as if it had never stopped, in one file that is written in one move.

Chance is not in it: every draw comes from the recipe's seed, the step and the process's rank.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdk.errors import CheckpointError, UsageError
from sdk.models.checkpoint_file import DAMAGED
from sdk.training.recipe import Recipe, check_recipe
from sdk.training.task import Task, make_task

FORMAT, OLDER = "nowface-training-2", "nowface-training-1"
"""What is written, and what is read as well: its recipes had ``lookahead_frames``, by which targets were shifted."""
MEND = "give a checkpoint that the trainer wrote"


@dataclass(frozen=True)
class Checkpoint:
    """A run between two steps.

    Attributes:
        recipe: of the run.
        step: updates that are done.
        weights: state of the task's module.
        average: its moving average.
        optimiser: state of AdamW.
        best: lowest validation error so far; infinity before the first.
    """

    recipe: Recipe
    step: int
    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    optimiser: Mapping[str, Any]
    best: float


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the file is there whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    content = {
        "format": FORMAT,
        "recipe": json.dumps(checkpoint.recipe.model_dump(mode="json")),
        "step": checkpoint.step,
        "weights": dict(checkpoint.weights),
        "average": dict(checkpoint.average),
        "optimiser": dict(checkpoint.optimiser),
        "best": checkpoint.best,
    }
    with draft.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint to the CPU, without running anything in it.

    Raises:
        CheckpointError: it is not there, damaged, unsafe or of another format.
    """
    if not path.is_file():
        raise CheckpointError(path, "is not a file", "name a checkpoint, e.g. runs/1/best.pt")
    try:
        with warnings.catch_warnings():  # about pickle protocols; what matters raises
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (*DAMAGED, OSError) as error:
        raise CheckpointError(path, "is damaged, unsafe or not a checkpoint; nothing in it was run", MEND) from error
    if not isinstance(content, dict) or content.get("format") not in (FORMAT, OLDER):
        raise CheckpointError(path, f"is not of format {FORMAT}", MEND)
    try:
        fields = {name: content[name] for name in ("step", "weights", "average", "optimiser", "best")}
        table = json.loads(content["recipe"])
        if content["format"] == OLDER and table.pop("lookahead_frames"):
            raise CheckpointError(path, "was trained with lookahead_frames", "train it anew with lookahead_samples")
        recipe = check_recipe(table, path)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UsageError) as error:
        raise CheckpointError(path, f"lacks its recipe or a part ({error})", MEND) from error
    return Checkpoint(recipe=recipe, **fields)


def trained_task(path: Path) -> tuple[Task, Recipe]:
    """The task of a checkpoint with its averaged weights, ready to animate.

    Raises:
        CheckpointError: as `load_checkpoint`, or the weights do not fit the task.
        UsageError: the task does not exist here.
    """
    checkpoint = load_checkpoint(path)
    task = make_task(checkpoint.recipe.task, checkpoint.recipe.model)
    try:
        task.module.load_state_dict(checkpoint.average)
    except (RuntimeError, TypeError, AttributeError) as error:
        problem = f"does not fit the task {checkpoint.recipe.task}: {str(error).splitlines()[0]}"
        raise CheckpointError(path, problem, "give one that this version of the task wrote") from error
    task.module.eval()
    return task, checkpoint.recipe
