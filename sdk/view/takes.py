"""What a page shows: takes, each the frames that one model made of one speech, and what can be measured of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.animation.clip import read_clip
from sdk.parity.face import Face, NoFace
from sdk.parity.face.errors import frame_errors
from sdk.rigs.channel_set import set_of
from sdk.rigs.rig_map import HUB, rig_map
from sdk.spec import FrameRate


@dataclass(frozen=True, eq=False)
class Take:
    """T frames, T at least 1.

    Attributes:
        label: short, shown over the face, e.g. ``executorch int8``.
        facts: what else there is to know, each a name and a text.
        names: of the channels; empty for vertices.
        unit: of the values.
        values: (T, C) float32 weights of channels, or (T, V, 3) vertices.
        index: (T,) number of each frame; it jumps where frames were skipped.
        due_sample: (T,) sample at 16 kHz at which each is due.
        frame_rate: of the frames.
        lookahead_samples: how much later than due a device has a frame, in samples at 16 kHz.
    """

    label: str
    facts: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    unit: str
    values: NDArray[np.float32]
    index: NDArray[np.int64]
    due_sample: NDArray[np.int64]
    frame_rate: FrameRate
    lookahead_samples: int = 0

    @property
    def face(self) -> Face | NoFace:
        """How the values become millimetres."""
        return Face.of(self.names, self.unit, self.values.shape[1:])

    def frame_at(self, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        """Position (N,) of the frame that an animation file shows at each time (N,): the newest that has begun."""
        # A frame begins at index / rate; half a microsecond keeps rounding from showing the one before.
        begun = np.floor((seconds + 5e-7) * float(self.frame_rate.fraction)).astype(np.int64)
        return np.clip(np.searchsorted(self.index, begun, side="right") - 1, 0, len(self.index) - 1)


def read_take(path: Path) -> Take:
    """The take in an animation file that ``python -m sdk animate -o FILE.npz`` wrote.

    Raises:
        UsageError: missing, damaged, of another kind, or without a finite frame.
    """
    clip = read_clip(path)
    return Take(
        label=path.stem,
        facts=(("file", path.name),),
        names=clip.names,
        unit=clip.unit,
        values=clip.values,
        index=clip.index,
        due_sample=clip.due_sample,
        frame_rate=clip.frame_rate,
    )


def in_head_channels(take: Take) -> Take:
    """A take of another channel set as one of the default head's channels; any other take as it is."""
    found = set_of(take.names) if take.names else None
    if found is None or found.name == HUB:
        return take
    mapped = rig_map(found.name, HUB)
    facts = (*take.facts, ("rig", f"{found.name}, mapped to {HUB}"))
    return replace(take, names=mapped.target.channels, values=mapped.apply(take.values), facts=facts)


@dataclass(frozen=True, eq=False)
class Difference:
    """How far two takes lie apart, at the times of the first one's frames.

    Attributes:
        what: ``lips``, or ``mesh`` where nobody has named the lips of a mesh and every vertex counts.
        worst_mm: (T,) distance of the worst vertex.
    """

    what: str
    worst_mm: NDArray[np.float64]


def difference(first: Take, second: Take) -> Difference | None:
    """None where the two do not move the same vertices.

    The frames of `second` are those that show at the times of the frames of `first`, so that rates may differ.
    """
    face, other = first.face, second.face
    if isinstance(face, NoFace) or isinstance(other, NoFace):
        return None
    ours = np.asarray(first.values)
    theirs = second.values[second.frame_at(first.index / float(first.frame_rate.fraction))]
    if first.names != second.names:
        if not (first.names and second.names):
            return None
        union = tuple(dict.fromkeys(first.names + second.names))
        ours, theirs = (_spread(values, take.names, union) for values, take in ((ours, first), (theirs, second)))
        face = Face.of(union, first.unit, (len(union),))
        assert isinstance(face, Face), "channels that both are a face's are one together"
    elif ours.shape != theirs.shape:
        return None
    worst = np.sqrt(frame_errors(ours, theirs, face.lips).largest)
    return Difference("lips" if face.word == "lip" else "mesh", worst)


def _spread(values: NDArray[np.float32], names: tuple[str, ...], union: tuple[str, ...]) -> NDArray[np.float32]:
    """Values (T, C) of channels `names` as those of `union`, zero where a channel is missing."""
    spread = np.zeros((len(values), len(union)), np.float32)
    spread[:, [union.index(name) for name in names]] = values
    return spread
