"""All that is measured of a candidate's face beside the reference's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.bundle.phones import Phones
from sdk.parity.face.closures import ClosureCount, closure_count, closures
from sdk.parity.face.dynamics import dynamics_deviation, motion_gain, motion_size
from sdk.parity.face.errors import frame_errors
from sdk.parity.face.face import Face, rows
from sdk.parity.face.region import Values
from sdk.parity.face.silence import trembling
from sdk.parity.face.sounds import SoundErrors, sound_errors
from sdk.parity.face.sync import SyncFigures
from sdk.parity.face.timing import MOVES, fine, lag_ms

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class FaceMotion:
    """How a face moves from some frame on, where another choice has made it another sequence.

    Attributes:
        frames: how many there are.
        motion_mm, reference_motion_mm: root mean square distance of the lips from their mean place.
        gap_mm, reference_gap_mm: mean lip gap; None where it is not known.
        closures, reference_closures: how often the lips close; None likewise.
    """

    frames: int
    motion_mm: float
    reference_motion_mm: float
    gap_mm: float | None
    reference_gap_mm: float | None
    closures: int | None
    reference_closures: int | None


@dataclass(frozen=True)
class FaceFigures:
    """What an error costs on the face. A figure that the stream or the face cannot give is None.

    Attributes:
        word: ``lip``; or ``vertex`` where nobody has named the lips, and figures of the lips are of every vertex.
        frames: compared.
        motion_mm: root mean square distance of the reference's lips from their mean place: what errors compare with.
        lip_error_mm: root mean square error of the lips' vertices.
        lip_vertex_error_mm: mean over frames of the error of the worst vertex (MeshTalk, FaceFormer).
        lip_vertex_error_mm2: mean over frames of the square of it (as CodeTalker's table and script have it).
        worst_frame: row with the largest error of a vertex.
        gain: how many times as far as the reference's the lips move; 1 is right.
        upper_error_mm: root mean square error of the upper face.
        dynamics_deviation_mm2: upper-face dynamics deviation, FDD (CodeTalker); positive when it moves too little.
        closures: of the lips, in reference and candidate.
        lag_ms: positive when the candidate is late.
        sync: how well it fits the voice, by the sync meter.
        silent_frames: frames in which nobody speaks.
        jitter_mm, reference_jitter_mm: root mean square second difference of the lips in silence.
        after: motion from the first other choice on.
        per_frame_mm: error of the worst vertex of each frame.
        sounds: the same, phone by phone; None where nobody has said what is spoken.
    """

    word: Literal["lip", "vertex"]
    frames: int
    motion_mm: float
    lip_error_mm: float
    lip_vertex_error_mm: float
    lip_vertex_error_mm2: float
    worst_frame: int
    gain: float | None
    upper_error_mm: float | None
    dynamics_deviation_mm2: float | None
    closures: ClosureCount | None
    lag_ms: float | None
    silent_frames: int
    jitter_mm: float | None
    reference_jitter_mm: float | None
    after: FaceMotion | None = None
    per_frame_mm: tuple[float, ...] = ()
    sounds: SoundErrors | None = None
    sync: SyncFigures | None = None

    @property
    def worst_name(self) -> str:
        """What the mean of the worst vertex is called: ``lip vertex error`` is said of lips alone."""
        return "lip vertex error" if self.word == "lip" else "worst vertex error"

    @property
    def jitter_added_mm(self) -> float | None:
        """How much more than the reference the lips tremble in silence."""
        if self.jitter_mm is None or self.reference_jitter_mm is None:
            return None
        return self.jitter_mm - self.reference_jitter_mm

    def measured(self) -> dict[str, float]:
        """The figures that bounds are set on, and lip vertex error, by name; those that there are."""
        count, worst = self.closures, self.worst_name.replace(" ", "_")
        figures: dict[str, float | None] = {
            f"{self.word}_error_mm": self.lip_error_mm,
            f"{worst}_mm": self.lip_vertex_error_mm,
            f"{worst}_mm2": self.lip_vertex_error_mm2,
            "dynamics_deviation_mm2": self.dynamics_deviation_mm2,
            "gain": self.gain,
            "closures_missed": count.reference - count.kept if count else None,
            "false_closures": count.false if count else None,
            "lag_ms": self.lag_ms,
            "sync_ms": self.sync.shift_ms if self.sync and self.sync.known else None,
            "jitter_added_mm": self.jitter_added_mm,
        }
        return {name: float(value) for name, value in figures.items() if value is not None}


def face_figures(
    reference: ArrayLike,
    candidate: ArrayLike,
    face: Face,
    *,
    times: Doubles,
    silent: NDArray[np.bool_],
    after: FaceMotion | None = None,
    phones: Phones | None = None,
    sync: SyncFigures | None = None,
) -> FaceFigures:
    """Measure a candidate.

    Args:
        reference: (T, ...) finite values, T at least 1.
        candidate: of the same shape, finite.
        face: how they become millimetres.
        times: (T,) seconds that the frames show, increasing.
        silent: (T,) where nobody speaks.
        after: motion of the frames beyond these, if a choice has parted the streams.
        phones: what is said meanwhile; None where that is not known.
        sync: what the sync meter says; None where it cannot say anything.
    """
    expected, got = rows(reference), rows(candidate)
    lips = frame_errors(expected, got, face.lips)
    motion = _motion(expected, face)
    curves = _curves(expected, got, face, times)
    worst = np.sqrt(lips.largest)
    return FaceFigures(
        word=face.word,
        frames=len(expected),
        motion_mm=motion,
        lip_error_mm=lips.rms,
        lip_vertex_error_mm=lips.vertex_error,
        lip_vertex_error_mm2=lips.squared_vertex_error,
        worst_frame=int(lips.largest.argmax()),
        gain=motion_gain(expected, got, face.lips) if motion >= MOVES else None,
        upper_error_mm=frame_errors(expected, got, face.upper).rms if face.upper else None,
        dynamics_deviation_mm2=dynamics_deviation(expected, got, face.upper) if face.upper else None,
        closures=closure_count(*curves) if face.mouth else None,
        lag_ms=lag_ms(*curves),
        silent_frames=int(silent.sum()),
        jitter_mm=trembling(got, silent, face.lips),
        reference_jitter_mm=trembling(expected, silent, face.lips),
        after=after,
        per_frame_mm=tuple(worst.tolist()),
        sounds=sound_errors(worst, times, phones, curves if face.mouth else None) if phones else None,
        sync=sync,
    )


def face_motion(reference: ArrayLike, candidate: ArrayLike, face: Face, times: Doubles) -> FaceMotion:
    """How two streams (T, ...) at `times` (T,), T at least 1, move, wherever each of them is at a time."""
    expected, got = rows(reference), rows(candidate)
    reference_gap, gap = face.gap(expected), face.gap(got)
    return FaceMotion(
        frames=len(expected),
        motion_mm=_motion(got, face),
        reference_motion_mm=_motion(expected, face),
        gap_mm=None if gap is None else float(gap.mean()),
        reference_gap_mm=None if reference_gap is None else float(reference_gap.mean()),
        closures=None if gap is None else len(closures(*fine(times, gap))),
        reference_closures=None if reference_gap is None else len(closures(*fine(times, reference_gap))),
    )


def _motion(values: Values, face: Face) -> float:
    return float(np.sqrt(np.square(motion_size(values, values.mean(0, dtype=np.float64), face.lips)).mean()))


def _curves(reference: Values, candidate: Values, face: Face, times: Doubles) -> tuple[Doubles, ...]:
    """What lag and closures are read from: the lip gaps, or without a mouth how far the face is from its mean."""
    ours, theirs = face.gap(reference), face.gap(candidate)
    if ours is None or theirs is None:
        mean = reference.mean(0, dtype=np.float64)
        ours, theirs = (motion_size(values, mean, face.lips) for values in (reference, candidate))
    return fine(times, ours, theirs)
