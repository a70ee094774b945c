"""``python -m sdk train RECIPE``: train a model; below it the commands that make corpora and judge checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import progress
from sdk.cli.lazy import LazyGroup
from sdk.cli.prepared_corpus import cache_option, corpus_option, jobs_option, prepared

if TYPE_CHECKING:
    import torch

    from sdk.training.distributed import Processes


COMMANDS = {
    "run": "sdk.cli.train:run_recipe",
    "corpus": "sdk.cli.train_corpus:corpus",
    "evaluate": "sdk.cli.train_evaluate:evaluate",
    "distil": "sdk.cli.train_distil:distil",
    "occlusion": "sdk.cli.train_occlusion:occlusion",
    "ceiling": "sdk.cli.train_ceiling:ceiling",
}


class RecipeGroup(LazyGroup):
    """Group whose first word may be a recipe instead of a command: ``train smoke`` is ``train run smoke``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``run`` before anything that is not a command or a call for help."""
        if args and args[0] not in (*COMMANDS, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=RecipeGroup, lazy=COMMANDS)
def train() -> None:
    """Train a model by RECIPE (`train smoke --corpus DIR --out DIR`), make a corpus, judge a checkpoint."""


@click.command("run")
@click.argument("recipe")
@corpus_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on from the latest checkpoint in the folder, if there is one.")
@click.option("--tensorboard", is_flag=True, help="Also write TensorBoard event files.")
@click.option("--device", default="cpu", show_default=True, help="Where to compute: cpu, cuda, mps.")
@jobs_option
@cache_option
def run_recipe(
    *,
    recipe: str,
    corpus: Path,
    out: Path,
    resume: bool,
    tensorboard: bool,
    device: str,
    jobs: int,
    cache: Path | None,
) -> None:
    """Train by RECIPE, an embedded recipe's name or a TOML file. Under `torchrun`, all its processes share the work."""
    import torch

    from sdk.errors import UsageError
    from sdk.training.cache import read_split
    from sdk.training.distributed import Processes, joined
    from sdk.training.judge import judgement_of
    from sdk.training.recipe import load_recipe
    from sdk.training.run import LATEST, begin_run, run_training
    from sdk.training.trainer import StepResult, Trainer

    wanted, processes = load_recipe(recipe), Processes.from_environment()
    place = _device(device, processes)
    if (out / LATEST).exists() and not resume:
        raise UsageError(out, "holds a run", "add --resume to go on with it, or name another folder")
    plan = prepared(wanted, corpus, ("train", "validation"), cache, jobs if processes.first else 0)
    if processes.first:
        begin_run(out, plan.folder.name)
    with joined(processes, place), progress() as bar:
        if processes.count > 1:
            torch.distributed.barrier()
        trainer = Trainer(wanted, read_split(plan.folder, "train"), processes, place)
        task = bar.add_task("train", total=wanted.optimiser.steps, visible=processes.first)

        def watch(result: StepResult) -> None:
            bar.update(task, completed=result.step, description=f"train, loss {result.losses['total']:.4f}")

        clips = read_split(plan.folder, "validation")
        values = run_training(trainer, clips, out, resume=resume, tensorboard=tensorboard, watch=watch)
    if values is not None:
        click.echo(judgement_of(trainer.task).table({"validation": values}))


def _device(name: str, processes: Processes) -> torch.device:
    import torch

    from sdk.errors import UsageError

    try:
        device = processes.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError("--device", f"{name} cannot be used ({str(error).splitlines()[0]})", "use cpu") from error
    return device
