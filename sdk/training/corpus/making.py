"""One shard made from its plan: lines said, labels mended, levels set, bytes written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from sdk.training.corpus.closures import fill_gaps
from sdk.training.corpus.errors import SynthesiserError
from sdk.training.corpus.ipa import UnknownSymbolError
from sdk.training.corpus.manifest import ShardRecord
from sdk.training.corpus.plan import ShardPlan, lines
from sdk.training.corpus.shards import on_grid, to_bytes
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.utterance import Speech, Split, Utterance
from sdk.training.corpus.voices import SOURCES
from sdk.training.phones import TimedPhone

BLOCK = 12
"""Lines given to a synthesiser at once: many save Festival the start of a process, few waste less at a shard's end."""
MOST_REFUSALS = 200
"""Lines in a row that a source may refuse before it counts as broken."""
PEAK = 0.7
"""Largest sample of an utterance."""
LEAD_IN = 0.25
"""Seconds of silence at least before the first phone: the face starts at rest."""


def make_shard(folder: Path, shard: ShardPlan, seed: int) -> ShardRecord:
    """Make a shard in a folder. Call it in a fresh process: synthesisers keep a state between sentences.

    Raises:
        MissingSynthesiserError, SynthesiserError: a source does not work.
    """
    spoken: list[tuple[Speech, Line, str]] = []
    refused = 0
    for source, seconds in shard.seconds:
        got = 0.0
        for speech, line, refusals in _said(source, shard, seed):
            refused += refusals
            spoken.append((finish(speech), line, source))
            got += spoken[-1][0].seconds
            if got >= seconds:
                break
    order = np.random.default_rng([seed, shard.index]).permutation(len(spoken))
    utterances = [
        _utterance(f"{shard.split}-{shard.index:06d}-{number:04d}", shard.split, *spoken[at])
        for number, at in enumerate(order)
    ]
    return write_shard(folder, shard.name, shard.split, utterances, refused)


def write_shard(folder: Path, name: str, split: Split, utterances: list[Utterance], refused: int) -> ShardRecord:
    """Write utterances as one shard; the file appears under its name only when it is whole."""
    data = to_bytes(utterances)
    part = folder / f".{name}.part"
    part.write_bytes(data)
    part.replace(folder / name)
    seconds: dict[str, float] = {}
    for utterance in utterances:
        seconds[utterance.source] = seconds.get(utterance.source, 0.0) + utterance.seconds
    return ShardRecord(
        name=name,
        split=split,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        utterances=len(utterances),
        seconds={source: round(total, 3) for source, total in sorted(seconds.items())},
        refused=refused,
    )


def finish(speech: Speech) -> Speech:
    """Silence before the first phone, one level for all, 16-bit samples, and phones from end to end."""
    lead = max(0, round((LEAD_IN - speech.phones[0].start) * 16_000))
    peak = max(float(np.abs(speech.pcm).max()), 1e-4)
    pcm = on_grid(np.pad(speech.pcm * np.float32(PEAK / peak), (lead, 0)))
    shift = lead / 16_000
    phones = tuple(TimedPhone(p.name, p.start + shift, min(p.end + shift, len(pcm) / 16_000)) for p in speech.phones)
    return fill_gaps(Speech(pcm, phones))


def _said(source: str, shard: ShardPlan, seed: int) -> Iterator[tuple[Speech, Line, int]]:
    """What a source says: speech, its line, and how many lines it has refused since the speech before."""
    synthesiser = SOURCES[source].make()
    todo = lines(seed, shard.split, shard.index, source)
    refused = 0
    while refused < MOST_REFUSALS:
        block = list(islice(todo, BLOCK))
        said = synthesiser.say(block)
        for place, line in enumerate(block, 1):
            try:
                speech = next(said)
            except UnknownSymbolError:
                speech, said = None, synthesiser.say(block[place:])
            if speech is None or not speech.phones:
                refused += 1
                continue
            yield speech, line, refused
            refused = 0
    raise SynthesiserError(source, f"refused {refused} lines in a row", "check its installation")


def _utterance(name: str, split: Split, speech: Speech, line: Line, source: str) -> Utterance:
    return Utterance(
        id=name,
        pcm=speech.pcm,
        phones=speech.phones,
        text=line.text,
        voice=f"{source}/{line.voice}",
        source=source,
        split=split,
        licence=SOURCES[source].licence,
    )
