"""What the training commands share: options that name a corpus, and its preparation with a progress bar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import progress

if TYPE_CHECKING:
    from sdk.training.corpus import Split
    from sdk.training.prepare import Plan
    from sdk.training.recipe import Recipe

corpus_option = click.option(
    "--corpus", type=click.Path(path_type=Path), required=True, help="Folder that `train corpus` made."
)
cache_option = click.option(
    "--cache", type=click.Path(path_type=Path), help="Where prepared clips are kept.  [default: CORPUS/prepared]"
)
jobs_option = click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes that prepare clips."
)


def prepared(recipe: Recipe, corpus: Path, splits: Sequence[Split], cache: Path | None, jobs: int) -> Plan:
    """The prepared corpus; with 0 jobs another process prepares it."""
    import hashlib

    from sdk.training.corpus import open_corpus
    from sdk.training.prepare import make_plan, prepare

    opened = open_corpus(corpus)
    digest = hashlib.sha256((corpus / "corpus.json").read_bytes()).hexdigest()
    plan = make_plan(recipe, digest, cache or corpus / "prepared")
    with progress() as bar:
        for split in splits if jobs else ():
            count = sum(shard.utterances for shard in opened.manifest.shards if shard.split == split)
            task = bar.add_task(f"prepare {split}", total=count)
            prepare(plan, split, opened.utterances(split), jobs=jobs, advance=partial(bar.advance, task))
    return plan
