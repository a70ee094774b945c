"""Open a corpus and read its utterances, in one process or in many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from sdk.errors import UsageError
from sdk.training.corpus.errors import REMAKE, DamagedShardError, MissingShardError
from sdk.training.corpus.manifest import CorpusManifest, ShardRecord, read_manifest
from sdk.training.corpus.shards import from_bytes
from sdk.training.corpus.utterance import SPLITS, Split, Utterance


class Corpus:
    """A corpus on disk. Opening it reads the manifest; a shard is read when its turn comes.

    Args:
        folder: where `corpus.json` lies.
        manifest: its content.
    """

    def __init__(self, folder: Path, manifest: CorpusManifest) -> None:
        self.folder = folder
        self.manifest = manifest

    def shards(self, split: Split) -> tuple[ShardRecord, ...]:
        """Shards of a split, in order.

        Raises:
            UsageError: there is no such split.
        """
        if split not in SPLITS:
            raise UsageError(split, "is not a split", f"use one of {', '.join(SPLITS)}")
        return tuple(shard for shard in self.manifest.shards if shard.split == split)

    def read(self, shard: ShardRecord) -> Iterator[Utterance]:
        """Utterances of one shard, after a check of its size and hash. The whole shard, about 8 MB, is in memory.

        Raises:
            MissingShardError: it is not there or cannot be read.
            DamagedShardError: it is not what the manifest says.
        """
        data = read_shard(self.folder, shard)
        count = 0
        for utterance in from_bytes(data, self.folder / shard.name):
            if utterance.split != shard.split:
                problem = f"{utterance.id} is of split {utterance.split}"
                raise DamagedShardError(self.folder / shard.name, problem, REMAKE)
            count += 1
            yield utterance
        if count != shard.utterances:
            problem = f"holds {count} utterances instead of {shard.utterances}"
            raise DamagedShardError(self.folder / shard.name, problem, REMAKE)

    def utterances(self, split: Split, rank: int = 0, world_size: int = 1) -> Iterator[Utterance]:
        """Utterances of a split, always in the same order.

        Args:
            split: one of `SPLITS`; a split without shards gives nothing.
            rank: of this reader; it gets every `world_size`-th shard, starting with its own number.
            world_size: how many readers share the split.

        Raises:
            UsageError: there is no such split, or `rank` is not in ``0 .. world_size - 1``.
            MissingShardError, DamagedShardError: as `read`.
        """
        if not 0 <= rank < world_size:
            raise UsageError("rank", f"{rank} of {world_size} is no reader", "count ranks from 0")
        for shard in self.shards(split)[rank::world_size]:
            yield from self.read(shard)

    def hours(self, split: Split) -> float:
        """Hours of speech in a split, from the manifest."""
        return self.manifest.seconds(split) / 3600


def open_corpus(folder: str | PathLike[str]) -> Corpus:
    """Open the corpus in a folder.

    Raises:
        NotACorpusError: it has none.
        CorpusManifestError: its manifest is not one.
        MissingShardError: a listed shard is not there.
    """
    corpus = Corpus(Path(folder), read_manifest(Path(folder)))
    for shard in corpus.manifest.shards:
        if not (corpus.folder / shard.name).is_file():
            raise MissingShardError(corpus.folder / shard.name, "is listed and not there", REMAKE)
    return corpus


def read_shard(folder: Path, shard: ShardRecord) -> bytes:
    """Bytes of a shard, checked against its record.

    Raises:
        MissingShardError: it is not there or cannot be read.
        DamagedShardError: another size or hash.
    """
    path = folder / shard.name
    try:
        data = path.read_bytes() if path.stat().st_size == shard.bytes else None
    except OSError as error:
        raise MissingShardError(path, f"cannot be read ({error.strerror})", REMAKE) from error
    if data is None or hashlib.sha256(data).hexdigest() != shard.sha256:
        raise DamagedShardError(path, f"is not the shard that {folder.name}/corpus.json lists", REMAKE)
    return data
