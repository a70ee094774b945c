"""A corpus folder of made-up speech: noise bursts, each in the band that belongs to its phone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from sdk.training.corpus.manifest import CorpusManifest, Recipe, ShardRecord
from sdk.training.corpus.shards import to_bytes
from sdk.training.corpus.utterance import Split, Utterance
from sdk.training.phones import SILENCE, TimedPhone
from tests.training.toy_task import RATE, toy_utterance


def write_corpus(folder: Path, clips: Mapping[Split, int]) -> Path:
    """Write a shard for each split, with that many utterances, and the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for split, count in clips.items():
        data = to_bytes(_utterance(split, number) for number in range(count))
        name = f"{split}-000000.tar"
        (folder / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        record = ShardRecord(
            name=name, split=split, bytes=len(data), sha256=digest, utterances=count, seconds={"toy": 2.5}, refused=0
        )
        shards.append(record)
    made_of = Recipe(seed=0, hours=1, sources=("toy",), versions={}, recordings={})
    (folder / "corpus.json").write_bytes(CorpusManifest(recipe=made_of, shards=tuple(shards)).to_bytes())
    return folder


def _utterance(split: Split, number: int) -> Utterance:
    speech = toy_utterance(f"{split}-{number}")
    return Utterance(
        id=f"{split}-{number}".replace("_", "-"),
        pcm=speech.pcm,
        phones=tuple(_end_to_end(speech.phones, len(speech.pcm))),
        text="",
        voice=f"{split}/voice-{number % 2}",
        source="toy",
        split=split,
        licence="CC0-1.0",
    )


def _end_to_end(phones: tuple[TimedPhone, ...], samples: int) -> Iterator[TimedPhone]:
    """The phones on whole samples, with silence in every gap."""
    at = 0
    for phone in phones:
        start, end = round(phone.start * RATE), round(phone.end * RATE)
        if start > at:
            yield TimedPhone(SILENCE, at / RATE, start / RATE)
        yield TimedPhone(phone.name, max(at, start) / RATE, end / RATE)
        at = end
    yield TimedPhone(SILENCE, at / RATE, samples / RATE)
