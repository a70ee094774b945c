"""The prepared corpus on disk: parts of memory-mapped arrays, each with an index, so that preparation can be resumed.

Part ``SPLIT-000012`` is ``.features.npy`` (hops, F) float32, ``.targets.npy`` (frames, 52) float32, ``.marks.npy``
(frames, 2) uint8 (closures, silence) and ``.json``, the index. The index is written last and in one move, so a part
whose index is there is whole. ``SPLIT.done`` holds the number of parts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.errors import UsageError
from sdk.training.labels import Labels
from sdk.training.phones import TimedPhone

KINDS = ("features", "targets", "marks")


@dataclass(frozen=True)
class PreparedClip:
    """One clip, its arrays memory-mapped when it comes from a cache.

    Attributes:
        id: of the utterance, with the number of its copy.
        phones: its labels, in the clip's own time.
        features: (hops, F).
        labels: of its T frames.
        closures: (start, end) in seconds in which the teacher's lips are shut.
        group: its voice, for tables.
    """

    id: str
    phones: tuple[TimedPhone, ...]
    features: NDArray[np.float32]
    labels: Labels
    closures: tuple[tuple[float, float], ...]
    group: str

    @property
    def frames(self) -> int:
        """Frames T."""
        return len(self.labels.targets)


def write_part(folder: Path, name: str, clips: Sequence[PreparedClip]) -> None:
    """Write the part `name`; a part that was half written before is replaced."""
    marks = [np.stack([clip.labels.closures, clip.labels.silence], 1) for clip in clips]
    arrays = {
        "features": np.concatenate([clip.features for clip in clips]),
        "targets": np.concatenate([clip.labels.targets for clip in clips]),
        "marks": np.concatenate(marks),
    }
    for kind, array in arrays.items():
        np.save(folder / f"{name}.{kind}.npy", array)
    index = [
        {
            "id": clip.id,
            "hops": len(clip.features),
            "frames": clip.frames,
            "phones": [[phone.name, phone.start, phone.end] for phone in clip.phones],
            "closures": clip.closures,
            "group": clip.group,
        }
        for clip in clips
    ]
    write_whole(folder / f"{name}.json", json.dumps(index))


def has_part(folder: Path, name: str) -> bool:
    """Whether the part is there and whole."""
    return (folder / f"{name}.json").is_file()


def read_split(folder: Path, split: str) -> list[PreparedClip]:
    """All clips of a split in a fixed order, arrays memory-mapped.

    Raises:
        UsageError: the split is not prepared, or a file of it is missing or damaged.
    """
    clips: list[PreparedClip] = []
    try:
        for number in range(int((folder / f"{split}.done").read_text(encoding="utf-8"))):
            clips += _read_part(folder, part_name(split, number))
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise UsageError(folder, f"the prepared {split} split is damaged ({error})", "delete it") from error
    return clips


def part_name(split: str, number: int) -> str:
    """Name of a part of a split."""
    return f"{split}-{number:06d}"


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file in one move: it is there whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_bytes(content.encode() if isinstance(content, str) else content)
    draft.replace(path)


def _read_part(folder: Path, name: str) -> list[PreparedClip]:
    features, targets, marks = (np.load(folder / f"{name}.{kind}.npy", mmap_mode="r") for kind in KINDS)
    clips, hop, frame = [], 0, 0
    for entry in json.loads((folder / f"{name}.json").read_text(encoding="utf-8")):
        hops, frames = entry["hops"], entry["frames"]
        mark = marks[frame : frame + frames]
        clips.append(
            PreparedClip(
                id=entry["id"],
                phones=tuple(TimedPhone(*phone) for phone in entry["phones"]),
                features=features[hop : hop + hops],
                labels=Labels(targets[frame : frame + frames], mark[:, 0], mark[:, 1]),
                closures=tuple((start, end) for start, end in entry["closures"]),
                group=entry["group"],
            )
        )
        hop, frame = hop + hops, frame + frames
    if len(features) != hop or not len(targets) == len(marks) == frame:
        raise ValueError(f"{name} has other lengths than its index")
    return clips
