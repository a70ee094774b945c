"""A shard of recordings: one for each package and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk.training.corpus.closures import end_lip_closures_at_burst
from sdk.training.corpus.human.align import Aligner
from sdk.training.corpus.human.packages import package_files
from sdk.training.corpus.human.recordings import recordings
from sdk.training.corpus.human.sound import samples
from sdk.training.corpus.making import finish, write_shard
from sdk.training.corpus.manifest import ShardRecord
from sdk.training.corpus.plan import shard_name
from sdk.training.corpus.utterance import Speech, Split, Utterance

SPLITS: tuple[Split, ...] = ("human_validation", "human_test")


@dataclass(frozen=True)
class HumanShard:
    """One shard of recordings to be made.

    Attributes:
        split: of all its utterances.
        index: of the shard in its split.
        package: the file that the recordings are in.
    """

    split: Split
    index: int
    package: Path

    @property
    def name(self) -> str:
        """File name."""
        return shard_name(self.split, self.index)


def plan_human(paths: Sequence[Path]) -> tuple[HumanShard, ...]:
    """Shards for the packages named, or in the folders named.

    Raises:
        RecordingError: a package cannot be read, or holds nothing known.
    """
    shards: list[HumanShard] = []
    for package in package_files(paths):
        present = {recording.split for recording in recordings(package)}
        for split in SPLITS:
            if split in present:
                shards.append(HumanShard(split, sum(shard.split == split for shard in shards), package))
    return tuple(shards)


def make_human_shard(folder: Path, shard: HumanShard) -> ShardRecord:
    """Align the recordings of a shard and write it; those that do not fit their text are left out and counted.

    Raises:
        RecordingError: a recording cannot be decoded.
        MissingSynthesiserError: the aligner or a decoder is not installed.
    """
    aligner = Aligner()
    utterances: list[Utterance] = []
    refused = 0
    for recording in recordings(shard.package):
        if recording.split != shard.split:
            continue
        pcm = samples(recording)
        phones = aligner.align(pcm, recording.text)
        if phones is None or phones[-1].end > len(pcm) / 16_000 + 0.02:
            refused += 1
            continue
        inside = tuple(phone for phone in phones if phone.end <= len(pcm) / 16_000)
        speech = finish(end_lip_closures_at_burst(Speech(pcm, inside)))
        name = f"{shard.split}-{shard.index:06d}-{len(utterances):04d}"
        speaker = f"human/{recording.speaker}"
        utterances.append(
            Utterance(
                name,
                speech.pcm,
                speech.phones,
                recording.text,
                speaker,
                recording.package,
                shard.split,
                recording.licence,
            )
        )
    return write_shard(folder, shard.name, shard.split, utterances, refused)
