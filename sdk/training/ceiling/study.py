"""What is left of the error when hearing is perfect: the recipe's model, told every phone some time after its start.

The face at a moment depends on phones that have not begun, for lips move ahead of the sound. A model without lookahead
cannot know those, however well it hears: what it misses when it is told each phone the moment it starts is the price of
the future. What it misses beyond that with a delay is the price of the time that a phone takes to be recognised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from sdk.training.cache import PreparedClip, read_split
from sdk.training.ceiling.told import write_told
from sdk.training.checkpoints import trained_task
from sdk.training.judge import judgement_of
from sdk.training.prepare import TRAIN
from sdk.training.recipe import Recipe
from sdk.training.run import BEST, begin_run, run_training
from sdk.training.trainer import StepResult, Trainer

VALIDATION = "validation"


@dataclass(frozen=True)
class Ceiling:
    """Of one delay.

    Attributes:
        delay_ms: after its start at which each phone was told.
        scores: of each held-out split.
    """

    delay_ms: float
    scores: Mapping[str, Mapping[str, float]]


def ignore(_: float, __: StepResult) -> None:
    """Progress that nobody watches."""


def ceilings(
    recipe: Recipe,
    clips: Mapping[str, Sequence[PreparedClip]],
    data: str,
    out: Path,
    delays_ms: Sequence[float],
    *,
    resume: bool = False,
    watch: Callable[[float, StepResult], None] = ignore,
) -> list[Ceiling]:
    """Train the recipe once for each delay, each in its folder of `out`, and judge it on all other splits.

    Args:
        recipe: of a model that animates from log-mel rows.
        clips: split -> prepared clips with phones; ``train`` and ``validation`` among them.
        data: digest of all that the clips were made from.
        out: gets ``told-MSms`` for each delay, with the rows and the run.
        delays_ms: at least 0.
        resume: go on with runs that were cut.
        watch: called after every update, with the delay.

    Raises:
        UsageError: the recipe's rows have no room for phones, or a run in the folder learns from other data.
    """
    found = []
    for delay in delays_ms:
        folder = out / f"told-{delay:g}ms"
        begin_run(folder, data)
        for split, some in clips.items():
            write_told(folder / "rows", split, some, delay / 1000)
        told = partial(read_split, folder / "rows")
        trainer = Trainer(recipe, told(TRAIN))
        run_training(trainer, told(VALIDATION), folder, resume=resume, watch=partial(watch, delay))
        task, _ = trained_task(folder / BEST)
        judgement = judgement_of(task)
        with torch.no_grad():
            scores = {split: judgement.values(task, told(split), lambda: None) for split in clips if split != TRAIN}
        found.append(Ceiling(delay, scores))
    return found


def write_ceilings(found: Sequence[Ceiling], table: str, out: Path) -> None:
    """Write ``report.json`` and ``report.md``."""
    rows = [{"delay_ms": each.delay_ms, "scores": each.scores} for each in found]
    (out / "report.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (out / "report.md").write_text(table + "\n", encoding="utf-8")
