"""VOCASET and BIWI as FaceFormer's published code lays them out (Fan et al. 2022)::

    wav/SUBJECT_sentence01.wav             SUBJECT_01.wav in BIWI: the last two digits are the sentence
    vertices_npy/SUBJECT_sentence01.npy    (T, 3 V) float32
    templates.pkl                          dict: subject -> (V, 3)

Subjects and sentences are divided as its README and data loader do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sdk.audio.files import load_speech
from sdk.training.datasets.safe_pickle import read_arrays
from sdk.training.datasets.sequence import DatasetError, Recording, RecordingSplit, read_vertices

NAME = re.compile(r"(?P<subject>.+)_[^_]*?(?P<sentence>[0-9]{2})")


@dataclass(frozen=True)
class Layout:
    """What differs between data sets of this layout.

    Attributes:
        name: for messages.
        vertices: V.
        rate: frames a second after `stride`.
        stride: every how many-th stored frame is taken.
        unit: of the vertices.
        subjects, sentences: of each split. A recording is in the first split that has both; others are left out.
    """

    name: str
    vertices: int
    rate: float
    stride: int
    unit: str
    subjects: Mapping[RecordingSplit, tuple[str, ...]]
    sentences: Mapping[RecordingSplit, range]

    def split(self, subject: str, sentence: int) -> RecordingSplit | None:
        """The split of a recording."""
        for split, names in self.subjects.items():
            if subject in names and sentence in self.sentences[split]:
                return split
        return None


VOCASET = Layout(
    name="VOCASET",
    vertices=5023,
    rate=30.0,
    stride=2,  # captured at 60 frames a second
    unit="m",
    subjects={
        "train": (
            "FaceTalk_170728_03272_TA",
            "FaceTalk_170904_00128_TA",
            "FaceTalk_170725_00137_TA",
            "FaceTalk_170915_00223_TA",
            "FaceTalk_170811_03274_TA",
            "FaceTalk_170913_03279_TA",
            "FaceTalk_170904_03276_TA",
            "FaceTalk_170912_03278_TA",
        ),
        "validation": ("FaceTalk_170811_03275_TA", "FaceTalk_170908_03277_TA"),
        "test": ("FaceTalk_170809_00138_TA", "FaceTalk_170731_00024_TA"),
    },
    sentences={"train": range(1, 41), "validation": range(21, 41), "test": range(21, 41)},
)
"""Cudeiro et al. 2019, "Capture, Learning, and Synthesis of 3D Speaking Styles"."""

_BIWI_SEEN = ("F2", "F3", "F4", "M3", "M4", "M5")
BIWI = Layout(
    name="BIWI",
    vertices=23370,
    rate=25.0,
    stride=1,
    unit="1",
    subjects={
        "train": _BIWI_SEEN,
        "validation": _BIWI_SEEN,
        "test": ("F1", "F5", "F6", "F7", "F8", "M1", "M2", "M6"),
    },
    sentences={"train": range(1, 33), "validation": range(33, 37), "test": range(37, 41)},
)
"""Fanelli et al. 2010, "A 3-D Audio-Visual Corpus of Affective Communication"."""


def open_wav_and_vertices(folder: Path, layout: Layout, split: RecordingSplit) -> Iterator[Recording]:
    """Recordings of a split in the order of their names, read one at a time.

    A recording without vertices, of which BIWI has some, is left out, as the published loader does.

    Args:
        folder: the data set's.
        layout: `VOCASET`, `BIWI` or one of your own.
        split: to read.

    Raises:
        DatasetError: not in this layout, or a file is damaged.
        AudioError: a sound file is damaged.
    """
    for part in ("wav", "vertices_npy"):
        if not (folder / part).is_dir():
            raise DatasetError(folder, f"has no folder {part}", f"lay {layout.name} out as docs/training.md shows")
    templates = read_arrays(folder / "templates.pkl")
    found = False
    for path in sorted((folder / "wav").glob("*.wav")):
        match = NAME.fullmatch(path.stem)
        geometry = folder / "vertices_npy" / f"{path.stem}.npy"
        if match is None or layout.split(match["subject"], int(match["sentence"])) != split or not geometry.exists():
            continue
        found = True
        subject = match["subject"]
        if subject not in templates:
            raise DatasetError(folder / "templates.pkl", f"has no template of {subject}", "fetch it again")
        template = templates[subject]
        if template.size != layout.vertices * 3:
            problem = f"template of {subject} has shape {template.shape}, not ({layout.vertices}, 3)"
            raise DatasetError(folder / "templates.pkl", problem, "check which data set it is of")
        yield Recording(
            id=path.stem,
            subject=subject,
            split=split,
            pcm=load_speech(path),
            vertices=read_vertices(geometry, layout.vertices)[:: layout.stride],
            template=template.reshape(-1, 3),
            rate=layout.rate,
            unit=layout.unit,
        )
    if not found:
        raise DatasetError(folder, f"has no {split} recording of {layout.name}", "check the names of its files")
