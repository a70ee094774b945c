"""``corpus.json``: what a corpus holds, how it was made, and the SHA-256 of each shard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, StringConstraints, ValidationError

from sdk.spec import Record
from sdk.training.corpus.errors import REMAKE, CorpusManifestError, NotACorpusError
from sdk.training.corpus.utterance import Split

MANIFEST = "corpus.json"
FORMAT_VERSION = 1
MOST_BYTES = 64 * 2**20
"""Of a manifest: 64 MiB, some 190,000 shards; 5,000 hours have 60,000, in 20 MiB."""

Text = Annotated[str, StringConstraints(max_length=2000)]
Seconds = Annotated[FiniteFloat, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class ShardRecord(Record):
    """One shard.

    Attributes:
        name: of its file, ``SPLIT-NNNNNN.tar``.
        split: of all its utterances.
        bytes, sha256: of the file; the hash in lower-case hexadecimal.
        utterances: how many.
        seconds: source -> seconds of speech.
        refused: lines that a voice could not say and that were left out.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z_]+-[0-9]{6}\.tar$")]
    split: Split
    bytes: Count
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    utterances: Count
    seconds: dict[Text, Seconds]
    refused: Count


class Recipe(Record):
    """What the shards are a function of; the same recipe makes the same bytes.

    Attributes:
        seed: of all draws.
        hours: of generated speech asked for.
        sources: synthesisers in use.
        versions: of each program, package and model that the sound or its labels depend on.
        recordings: file name -> SHA-256 of each package of human recordings.
    """

    seed: Count
    hours: Annotated[FiniteFloat, Field(gt=0)]
    sources: tuple[Text, ...]
    versions: dict[Text, Text]
    recordings: dict[Text, Text]


class CorpusManifest(Record):
    """The whole of ``corpus.json``; closed: an unknown key is an error."""

    format: Literal["nowface-corpus"] = "nowface-corpus"
    version: Literal[1] = 1
    recipe: Recipe
    shards: tuple[ShardRecord, ...]

    def seconds(self, split: Split) -> float:
        """Seconds of speech in a split."""
        return sum(sum(shard.seconds.values()) for shard in self.shards if shard.split == split)

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        return self.model_dump_json(indent=2).encode() + b"\n"


def read_manifest(folder: Path) -> CorpusManifest:
    """Manifest of the corpus in a folder.

    Raises:
        NotACorpusError: no such folder, or it has no manifest.
        CorpusManifestError: the manifest is not one.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        mend = "make one with: python -m sdk train corpus"
        raise NotACorpusError(folder, f"{MANIFEST} cannot be read ({error.strerror})", mend) from error
    if len(data) > MOST_BYTES:
        raise CorpusManifestError(path, f"is longer than {MOST_BYTES} bytes", REMAKE)
    try:
        manifest = CorpusManifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CorpusManifestError(path, f"{where}: {first['msg']}".removeprefix(": "), REMAKE) from error
    names = [shard.name for shard in manifest.shards]
    if len(set(names)) != len(names):
        raise CorpusManifestError(path, "lists a shard twice", REMAKE)
    if any(not shard.name.startswith(f"{shard.split}-") for shard in manifest.shards):
        raise CorpusManifestError(path, "lists a shard in another split than its name says", REMAKE)
    return manifest
