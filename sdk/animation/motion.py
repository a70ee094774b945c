"""All frames of a clip as weights over a face, for the formats that need the whole clip at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from sdk.animation.face import METRES, Face, metres, shape_numbers
from sdk.animation.layout import Layout
from sdk.animation.motion_basis import motion_basis
from sdk.rigs.head import Floats
from sdk.runtime.frame import Frame


@dataclass(frozen=True, eq=False)
class Motion:
    """A clip.

    Attributes:
        face: what moves.
        index: (T,) numbers of the frames, rising.
        weights: (T, K) of the shapes of `face`.
    """

    face: Face
    index: NDArray[np.int64]
    weights: Floats


class Recorder:
    """Takes the frames of a layout and gives them back as one array. Values wait in a file, not in memory."""

    def __init__(self, layout: Layout, file: IO[bytes]) -> None:
        self._layout, self._file = layout, file
        self._index: list[int] = []

    def add(self, frame: Frame) -> None:
        """Takes a frame."""
        assert not self._index or frame.index > self._index[-1], "frames are out of order"
        self._index.append(frame.index)
        self._file.write(frame.values.astype("<f4", copy=False).tobytes())

    def index(self) -> NDArray[np.int64]:
        """(T,) numbers of the frames."""
        return np.array(self._index, np.int64)

    def values(self) -> Floats:
        """(T, V, 3) or (T, channels), mapped from the file."""
        self._file.flush()
        return np.memmap(self._file, "<f4", "r", shape=(len(self._index), *self._layout.shape))

    def motion(self) -> Motion:
        """The clip over the layout's face; for vertices, over shapes made for this clip, which a note tells of."""
        layout, face = self._layout, self._layout.face
        assert face is not None, "the format needs a face"
        if layout.names:
            weights = np.zeros((len(self._index), len(face.names)), np.float32)
            weights[:, shape_numbers(layout.names, face)] = self.values()
            return Motion(face, self.index(), weights)
        scale = METRES[layout.unit]
        rest = (face.vertices / np.float32(scale)).astype(np.float32)
        basis = motion_basis(self.values(), rest, smallest=1e-6 / scale)
        layout.notes.append(
            f"shapes made for this clip: {len(basis.shapes)}, at most {basis.error * scale * 1000:.2g} mm off"
        )
        names = tuple(f"motion_{number:03d}" for number in range(len(basis.shapes)))
        moved = replace(face, names=names, shapes=metres(basis.shapes, layout.unit))
        return Motion(moved, self.index(), basis.weights)


@contextmanager
def recorded(path: Path, layout: Layout) -> Iterator[Recorder]:
    """A recorder whose file lies beside `path` until the block ends.

    Raises:
        UsageError: the layout's face has no shape of a channel's name.
    """
    if layout.face is not None and layout.names:
        shape_numbers(layout.names, layout.face)
    with tempfile.TemporaryFile(dir=path.parent) as file:
        yield Recorder(layout, file)
