"""Make a whole corpus: shards in parallel processes, finished ones kept, the manifest last.

While a corpus is unfinished its folder holds ``recipe.json`` and, for each finished shard, ``SHARD.json``. A later run
with the same recipe checks a finished shard against its record and does not make it again.
"""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import soundfile
from pydantic import ValidationError

from sdk.errors import UsageError
from sdk.training.corpus.errors import CorpusError, ForeignCorpusError
from sdk.training.corpus.human.align import Aligner
from sdk.training.corpus.human.making import HumanShard, make_human_shard, plan_human
from sdk.training.corpus.human.packages import fingerprints
from sdk.training.corpus.human.sound import sound_versions
from sdk.training.corpus.making import make_shard
from sdk.training.corpus.manifest import MANIFEST, CorpusManifest, Recipe, ShardRecord, read_manifest
from sdk.training.corpus.plan import ShardPlan, plan
from sdk.training.corpus.reader import read_shard
from sdk.training.corpus.voices import ENGLISH, SOURCES

RECIPE = "recipe.json"
MOST_HOURS = 10_000.0

Job = ShardPlan | HumanShard


def build_corpus(
    folder: Path,
    *,
    hours: float,
    seed: int,
    sources: Sequence[str] = ENGLISH,
    human: Sequence[Path] = (),
    jobs: int = 1,
    advance: Callable[[int, int], None] | None = None,
) -> CorpusManifest:
    """Make a corpus, or finish one that stopped; a finished one with the same recipe is only checked.

    Args:
        folder: where it shall lie; made if needed, else empty or with a corpus of the same recipe.
        hours: of generated speech, 0 < hours <= 10000.
        seed: of all draws, >= 0.
        sources: names from `SOURCES`.
        human: packages of recordings, or folders that hold them; see `sdk.training.corpus.human`.
        jobs: processes at a time. The bytes do not depend on it.
        advance: called with (shards done, shards in all) after each.

    Returns:
        The manifest, as written.

    Raises:
        UsageError: an argument out of range.
        MissingSynthesiserError, SynthesiserError: a source does not work here.
        RecordingError: a package of recordings is none.
        ForeignCorpusError: the folder holds something else.
    """
    if not (math.isfinite(hours) and 0 < hours <= MOST_HOURS):
        raise UsageError("--hours", f"{hours} is not a length", f"give more than 0 and at most {MOST_HOURS:g}")
    if seed < 0 or jobs < 1:
        raise UsageError("--seed or --jobs", "is out of range", "give a seed >= 0 and jobs >= 1")
    if unknown := sorted(set(sources) - SOURCES.keys()):
        raise UsageError("--source", f"{unknown[0]} is not a source", f"use {', '.join(SOURCES)}")
    recipe = Recipe(
        seed=seed,
        hours=hours,
        sources=tuple(name for name in SOURCES if name in sources),
        versions=_versions(sources, bool(human)),
        recordings=fingerprints(human),
    )
    todo: list[Job] = [*plan(hours, sources), *plan_human(human)]
    if not todo:
        raise UsageError("--source", "leaves nothing to make", "name a source or a package of recordings")
    folder.mkdir(parents=True, exist_ok=True)
    records = _finished(folder, recipe, todo)
    if records is None:
        return read_manifest(folder)
    (folder / RECIPE).write_text(recipe.model_dump_json(), "utf-8")
    _make(folder, todo, records, seed=seed, jobs=jobs, advance=advance or _ignore)
    manifest = CorpusManifest(
        recipe=recipe, shards=tuple(records[job.name] for job in todo if records[job.name].utterances)
    )
    part = folder / f".{MANIFEST}.part"
    part.write_bytes(manifest.to_bytes())
    part.replace(folder / MANIFEST)
    for job in todo:
        _record_path(folder, job.name).unlink()
        if not records[job.name].utterances:
            (folder / job.name).unlink()
    (folder / RECIPE).unlink()
    return manifest


def _versions(sources: Sequence[str], human: bool) -> dict[str, str]:
    versions = {"libsndfile": str(soundfile.__libsndfile_version__)}
    if human:
        versions |= Aligner.versions() | sound_versions()
    for name, entry in SOURCES.items():
        if name in sources:
            versions |= entry.make().versions()
    return versions


def _finished(folder: Path, recipe: Recipe, todo: Sequence[Job]) -> dict[str, ShardRecord] | None:
    """Records of the shards that need not be made; None if the corpus is whole."""
    mend = "give another --out, or empty the folder"
    if (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
        if manifest.recipe != recipe:
            raise ForeignCorpusError(
                folder, "holds a corpus of another recipe (seed, hours, sources or versions)", mend
            )
        for shard in manifest.shards:
            read_shard(folder, shard)
        return None
    if not (folder / RECIPE).exists():
        if any(folder.iterdir()):
            raise ForeignCorpusError(folder, "holds files and no corpus", mend)
        return {}
    if (folder / RECIPE).read_text("utf-8") != recipe.model_dump_json():
        raise ForeignCorpusError(folder, "holds an unfinished corpus of another recipe", mend)
    records = {}
    for job in todo:
        try:
            record = ShardRecord.model_validate_json(_record_path(folder, job.name).read_text("utf-8"))
            read_shard(folder, record)
        except (OSError, ValidationError, CorpusError):
            continue  # not finished, or damaged since: it is made again
        records[job.name] = record
    return records


def _make(
    folder: Path,
    todo: Sequence[Job],
    records: dict[str, ShardRecord],
    *,
    seed: int,
    jobs: int,
    advance: Callable[[int, int], None],
) -> None:
    """Make what `records` lacks and add it there. A process makes one shard only: synthesisers keep a state."""
    missing = [job for job in todo if job.name not in records]
    advance(len(records), len(todo))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, max_tasks_per_child=1) as pool:
        running = {pool.submit(_run, folder, job, seed): job for job in missing}
        try:
            for future in as_completed(running):
                job = running[future]
                records[job.name] = future.result()
                _record_path(folder, job.name).write_text(records[job.name].model_dump_json(), "utf-8")
                advance(len(records), len(todo))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ignore(done: int, total: int) -> None:
    """For callers that show no progress."""


def _run(folder: Path, job: Job, seed: int) -> ShardRecord:
    if isinstance(job, HumanShard):
        return make_human_shard(folder, job)
    return make_shard(folder, job, seed)


def _record_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"
