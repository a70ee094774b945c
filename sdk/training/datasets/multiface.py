"""Multiface (Wuu et al. 2022, "Multiface: A Dataset for Neural Face Rendering"): tracked meshes and sound.

As published, each person has a folder::

    m--20180227--0000--6795937--GHS/
        vert_mean.bin                            float32, the mean face
        tracked_mesh/SEN_.../000102.bin          float32 (V * 3), one file a frame, without the head's pose
        tracked_mesh/SEN_.../000102_transform.txt
        audio/SEN_....wav

Numbers of frames count the capture's frames, of which every n-th was kept; what is left are 30 a second. Sound and
frames of a segment are taken to begin together: the publication says nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdk.audio.files import load_speech
from sdk.training.datasets.sequence import DatasetError, Recording, RecordingSplit, finite

RATE = 30.0
LONGEST_GAP = 5
"""Frames that may be missing in a row; they are interpolated."""
MEND = "fetch it again"


def open_multiface(folder: Path, split: RecordingSplit, held_out: Collection[str] = ()) -> Iterator[Recording]:
    """Spoken segments of all persons below `folder`, in the order of their names, read one at a time.

    Args:
        folder: holds the persons' folders.
        split: ``test`` gives the persons of `held_out`, ``train`` the others; there is no published division.
        held_out: names of persons' folders.

    Raises:
        DatasetError: not in this layout, or a file is damaged.
        AudioError: a sound file is damaged.
    """
    persons = sorted(path.parent for path in folder.glob("*/tracked_mesh"))
    if not persons:
        raise DatasetError(folder, "has no folder with a tracked_mesh in it", "name the folder of the persons' folders")
    for person in persons:
        if split != ("test" if person.name in held_out else "train"):
            continue
        mean = _read_mesh(person / "vert_mean.bin").reshape(-1, 3)
        for sound in sorted((person / "audio").glob("*.wav")):
            segment = person / "tracked_mesh" / sound.stem
            if segment.is_dir():
                yield Recording(
                    id=f"{person.name}/{sound.stem}",
                    subject=person.name,
                    split=split,
                    pcm=load_speech(sound),
                    vertices=_read_segment(segment, len(mean)),
                    template=mean,
                    rate=RATE,
                    unit="mm",
                )


def _read_segment(segment: Path, vertices: int) -> NDArray[np.float32]:
    """(T, V, 3); frames that are missing are interpolated between their neighbours."""
    paths = {int(path.stem): path for path in segment.glob("*.bin") if path.stem.isdecimal()}
    if len(paths) < 2:
        raise DatasetError(segment, f"has {len(paths)} frames", MEND)
    numbers = np.array(sorted(paths))
    steps = np.diff(numbers)
    step = int(steps.min())
    if (steps % step).any() or steps.max() > step * (LONGEST_GAP + 1):
        raise DatasetError(segment, f"frames are {step} to {steps.max()} apart: too many are missing", MEND)
    frames = np.empty((len(paths), vertices * 3), np.float32)
    for row, number in zip(frames, numbers, strict=True):
        mesh = _read_mesh(paths[int(number)])
        if len(mesh) != vertices * 3:
            problem = f"has {len(mesh)} numbers, the person's mean face {vertices * 3}"
            raise DatasetError(paths[int(number)], problem, MEND)
        row[:] = mesh
    return _fill(numbers, frames, step).reshape(-1, vertices, 3)


def _fill(numbers: NDArray[np.int64], frames: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    wanted = np.arange(numbers[0], numbers[-1] + 1, step)
    if len(wanted) == len(numbers):
        return frames
    after = np.clip(np.searchsorted(numbers, wanted), 1, len(numbers) - 1)
    before = after - 1
    share = ((wanted - numbers[before]) / (numbers[after] - numbers[before])).astype(np.float32)[:, None]
    return frames[before] * (1 - share) + frames[after] * share


def _read_mesh(path: Path) -> NDArray[np.float32]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror})", "check the folder's layout") from error
    if not data or len(data) % 12:
        raise DatasetError(path, f"has {len(data)} bytes, not three floats a vertex", MEND)
    return finite(path, np.frombuffer(data, "<f4").astype(np.float32))
