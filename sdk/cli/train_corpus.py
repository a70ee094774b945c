"""``python -m sdk train corpus``: make the speech that models are trained on."""

from __future__ import annotations

from pathlib import Path

import click

from sdk.cli.common import progress, stdout


@click.command()
@click.option("--hours", type=click.FloatRange(0, min_open=True), required=True, help="Generated speech in all.")
@click.option(
    "--seed", type=click.IntRange(0), default=7, show_default=True, help="The same seed makes the same bytes."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the corpus.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes at a time.")
@click.option(
    "--source", "sources", multiple=True, help="Only this synthesiser (repeatable).  [default: those of English]"
)
@click.option(
    "--human",
    "--human-package",
    "human",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Package of recordings, or a folder with some (repeatable).",
)
def corpus(*, hours: float, seed: int, out: Path, jobs: int, sources: tuple[str, ...], human: tuple[Path, ...]) -> None:
    """Make a corpus in --out, or go on with one that stopped.

    The splits train, validation and test are generated, each with voices of its own; human_validation and human_test
    are recordings. docs/corpus.md says what to install and where recordings come from.
    """
    from sdk.training.corpus.build import build_corpus
    from sdk.training.corpus.utterance import SPLITS
    from sdk.training.corpus.voices import ENGLISH

    with progress() as bar:
        task = bar.add_task("shards", total=None)
        manifest = build_corpus(
            out,
            hours=hours,
            seed=seed,
            sources=sources or ENGLISH,
            human=human,
            jobs=jobs,
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for split in SPLITS:
        shards = [shard for shard in manifest.shards if shard.split == split]
        if shards:
            count = sum(shard.utterances for shard in shards)
            stdout.print(f"{split}: {manifest.seconds(split) / 60:.1f} min, {count} utterances", highlight=False)
