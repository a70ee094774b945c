"""``python -m sdk train ceiling RECIPE``: what no lookahead costs a model that hears perfectly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import FiniteRange, progress
from sdk.cli.prepared_corpus import cache_option, corpus_option, jobs_option, prepared

if TYPE_CHECKING:
    from sdk.training.cache import PreparedClip

FRAME_MS = 33.3


@click.command()
@click.argument("recipe")
@corpus_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs and the report.")
@click.option(
    "--delay-ms",
    "delays",
    multiple=True,
    type=FiniteRange(0, 1000),
    default=(0.0, FRAME_MS),
    show_default=True,
    help="When a phone is told, after its start; may be given again.",
)
@click.option("--resume", is_flag=True, help="Go on with runs that were cut.")
@jobs_option
@cache_option
def ceiling(
    *, recipe: str, corpus: Path, out: Path, delays: tuple[float, ...], resume: bool, jobs: int, cache: Path | None
) -> None:
    """Train RECIPE on the corpus's phones instead of its sound, told late by each delay, and judge it."""
    from sdk.errors import UsageError
    from sdk.training.cache import read_split
    from sdk.training.ceiling.study import VALIDATION, ceilings, write_ceilings
    from sdk.training.corpus import SPLITS, open_corpus
    from sdk.training.judge import judgement_of
    from sdk.training.prepare import TRAIN
    from sdk.training.recipe import load_recipe
    from sdk.training.task import AnimatingTask, make_task
    from sdk.training.trainer import StepResult

    wanted, delays = load_recipe(recipe), tuple(dict.fromkeys(delays))
    task = make_task(wanted.task, wanted.model)
    if not isinstance(task, AnimatingTask):
        raise UsageError(recipe, "moves no face", "name the recipe of a model that does")
    if out.exists() and any(out.iterdir()) and not resume:
        raise UsageError(out, "holds files", "add --resume to go on with its runs, or name another folder")
    opened = open_corpus(corpus)
    splits = [split for split in SPLITS if opened.shards(split)]
    for split in (TRAIN, VALIDATION):
        if split not in splits:
            raise UsageError(corpus, f"has no speech in {split}", "make a larger corpus")
    plan = prepared(wanted, corpus, splits, cache, jobs)
    clips: dict[str, list[PreparedClip]] = {split: read_split(plan.folder, split) for split in splits}
    with progress() as bar:
        total = bar.add_task("train", total=wanted.optimiser.steps * len(delays))

        def watch(delay: float, result: StepResult) -> None:
            done = delays.index(delay) * wanted.optimiser.steps + result.step
            bar.update(total, completed=done, description=f"train, told after {delay:g} ms")

        found = ceilings(wanted, clips, plan.folder.name, out, delays, resume=resume, watch=watch)
    rows = {f"{split}, {each.delay_ms:g} ms": scores for each in found for split, scores in each.scores.items()}
    table = judgement_of(task).table(rows)
    write_ceilings(found, table, out)
    click.echo(table)
