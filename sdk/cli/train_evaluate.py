"""``python -m sdk train evaluate CHECKPOINT``: how well a checkpoint speaks, on speech it has never heard."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import progress
from sdk.cli.prepared_corpus import cache_option, corpus_option, jobs_option, prepared

if TYPE_CHECKING:
    from sdk.training.corpus import Split

HELD_OUT: tuple[Split, ...] = ("validation", "test", "human_validation", "human_test")


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@corpus_option
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(HELD_OUT),
    help="Only this split; may be given again.  [default: all held out]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@jobs_option
@cache_option
def evaluate(
    *, checkpoint: Path, corpus: Path, splits: tuple[Split, ...], as_json: bool, jobs: int, cache: Path | None
) -> None:
    """Judge CHECKPOINT on the held-out speech of a corpus, as it streams, and print a row of scores a split."""
    import torch

    from sdk.errors import UsageError
    from sdk.training.cache import read_split
    from sdk.training.checkpoints import trained_task
    from sdk.training.corpus import open_corpus
    from sdk.training.judge import judgement_of

    task, recipe = trained_task(checkpoint)
    opened = open_corpus(corpus)
    chosen = [split for split in splits or HELD_OUT if any(shard.split == split for shard in opened.manifest.shards)]
    if not chosen:
        raise UsageError(corpus, f"has no speech in {', '.join(splits or HELD_OUT)}", "make a larger corpus")
    plan = prepared(recipe, corpus, chosen, cache, jobs)
    judgement = judgement_of(task)
    results: dict[str, Mapping[str, float]] = {}
    with progress() as bar, torch.no_grad():
        for split in chosen:
            clips = read_split(plan.folder, split)
            bar_task = bar.add_task(split, total=len(clips))
            results[split] = judgement.values(task, clips, partial(bar.advance, bar_task))
    if as_json:
        click.echo(json.dumps({split: _row(scores) for split, scores in results.items()}, indent=2))
    else:
        click.echo(judgement.table(results))


def _row(values: Mapping[str, float]) -> Mapping[str, float | None]:
    """Scores as JSON can say them: null where the set cannot give one."""
    return {name: None if math.isnan(value) else value for name, value in values.items()}
