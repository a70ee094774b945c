"""Tar shards in the layout of WebDataset: each utterance is ``ID.flac`` (16-bit) and ``ID.json``.

Same utterances, same bytes: members have no times, owners or names of a machine. Whatever a shard holds, reading it
ends in utterances that keep every promise of `Utterance`, or in an error.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from typing import Annotated

import numpy as np
import soundfile
from pydantic import Field, StringConstraints, ValidationError

from sdk.spec import SAMPLE_RATE, Record
from sdk.training.corpus.errors import REMAKE, DamagedShardError
from sdk.training.corpus.utterance import Pcm, Split, Utterance
from sdk.training.phones import PHONE_INDEX, TimedPhone

MOST_SECONDS = 600.0
"""Of one utterance."""

Sample = Annotated[int, Field(ge=0, le=int(MOST_SECONDS * SAMPLE_RATE))]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,80}$")]
Text = Annotated[str, StringConstraints(max_length=2000)]


class Label(Record):
    """``ID.json``: everything of an utterance but its sound.

    Attributes:
        samples: length of the sound at 16 kHz.
        phones: (name, first sample, sample after the last), end to end from 0 to `samples`.
    """

    id: Identifier
    text: Text
    voice: Text
    source: Text
    split: Split
    licence: Text
    samples: Annotated[int, Field(ge=1, le=int(MOST_SECONDS * SAMPLE_RATE))]
    phones: tuple[tuple[str, Sample, Sample], ...]


def to_bytes(utterances: Iterable[Utterance]) -> bytes:
    """A shard's bytes; a function of the utterances and of libsndfile's FLAC encoder alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for utterance in utterances:
            for suffix, data in (("flac", _flac(utterance.pcm)), ("json", _json(utterance))):
                member = tarfile.TarInfo(f"{utterance.id}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def from_bytes(data: bytes, subject: object) -> Iterator[Utterance]:
    """Utterances of a shard, in order.

    Args:
        data: the shard.
        subject: its name, for the messages.

    Raises:
        DamagedShardError: not a tar file, cut short, or a member that does not belong to an utterance.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            sound: tuple[str, bytes] | None = None
            for member in archive:
                stem, _, suffix = member.name.rpartition(".")
                file = archive.extractfile(member)
                content = b"" if file is None else file.read()
                if suffix == "flac" and sound is None and content:
                    sound = stem, content
                elif suffix == "json" and sound is not None and sound[0] == stem:
                    yield _utterance(stem, sound[1], content, subject)
                    sound = None
                else:
                    raise DamagedShardError(subject, f"member {member.name!r} is not where it belongs", REMAKE)
            if sound is not None:
                raise DamagedShardError(subject, f"{sound[0]} has sound and no labels", REMAKE)
    except (tarfile.TarError, EOFError, OverflowError) as error:
        raise DamagedShardError(subject, f"is not a whole tar file ({error})", REMAKE) from error


def on_grid(pcm: Pcm) -> Pcm:
    """The samples that a 16-bit file keeps: multiples of 2^-15 in [-1, 1), float32."""
    return (_int16(pcm) / np.float32(32768)).astype(np.float32)


def _int16(pcm: Pcm) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    assert np.isfinite(pcm).all()
    return np.clip(np.rint(pcm.astype(np.float64) * 32768), -32768, 32767).astype(np.int16)


def _flac(pcm: Pcm) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, _int16(pcm), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def _json(utterance: Utterance) -> bytes:
    label = Label(
        id=utterance.id,
        text=utterance.text,
        voice=utterance.voice,
        source=utterance.source,
        split=utterance.split,
        licence=utterance.licence,
        samples=len(utterance.pcm),
        phones=tuple((p.name, round(p.start * SAMPLE_RATE), round(p.end * SAMPLE_RATE)) for p in utterance.phones),
    )
    return label.model_dump_json().encode()


def _utterance(stem: str, flac: bytes, text: bytes, subject: object) -> Utterance:
    try:
        label = Label.model_validate_json(text)
        with soundfile.SoundFile(io.BytesIO(flac)) as file:
            form = (file.format, file.samplerate, file.channels)
            pcm = file.read(int(MOST_SECONDS * SAMPLE_RATE) + 1, dtype="float32")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "labels"
        raise DamagedShardError(subject, f"{stem}: {where}: {first['msg']}", REMAKE) from error
    except soundfile.SoundFileError as error:
        raise DamagedShardError(subject, f"{stem}: the sound cannot be decoded ({error})", REMAKE) from error
    if form != ("FLAC", SAMPLE_RATE, 1) or len(pcm) != label.samples or label.id != stem:
        raise DamagedShardError(subject, f"{stem}: sound and labels are not of one utterance", REMAKE)
    edges = [0, *(end for _, _, end in label.phones)]
    starts = [start for _, start, _ in label.phones]
    whole = (
        starts == edges[:-1]
        and edges[-1] == label.samples
        and all(a < b for a, b in zip(starts, edges[1:], strict=True))
    )
    if not whole or not {name for name, _, _ in label.phones} <= PHONE_INDEX.keys():
        raise DamagedShardError(subject, f"{stem}: its phones do not cover its sound", REMAKE)
    phones = tuple(TimedPhone(name, start / SAMPLE_RATE, end / SAMPLE_RATE) for name, start, end in label.phones)
    kept = label.model_dump(exclude={"samples", "phones"})
    return Utterance(pcm=pcm, phones=phones, **kept)
