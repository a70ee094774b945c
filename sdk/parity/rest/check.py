"""The gate: stream every sound through a bundle and hold the face against the contract."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.bundle import Bundle
from sdk.errors import UsageError
from sdk.parity.face.face import Face, NoFace
from sdk.parity.findings import Problem
from sdk.parity.rest.contract import EVERYTHING, RestContract
from sdk.parity.rest.figures import RestFigures, rest_figures
from sdk.parity.rest.sounds import SOUNDS
from sdk.parity.rest.streams import After, rest_stream
from sdk.runtime import Session
from sdk.spec import SAMPLE_RATE

SHORTEST, LONGEST = 1.0, 3600.0
"""Seconds of a sound: long enough to settle in, short enough to be held in memory."""


@dataclass(frozen=True)
class RestCase:
    """One stream.

    Attributes:
        after: what came before the rest, ``speech`` or ``start``.
        sound: name of the sound.
        level_dbfs: of the sound; None for digital silence.
        figures: what was measured.
        judged: whether the contract demands its bounds of this stream.
        problems: bounds that are broken, demanded or not.
    """

    after: str
    sound: str
    level_dbfs: float | None
    figures: RestFigures
    judged: bool
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing that is demanded is broken."""
        return not (self.judged and self.problems)


@dataclass(frozen=True)
class RestReport:
    """All streams of one target.

    Attributes:
        model, target, precision: what ran.
        seconds: of each sound.
        seed: of the sounds.
        contract: the bounds.
        cases: one for each stream.
    """

    model: str
    target: str
    precision: str
    seconds: float
    seed: int
    contract: RestContract
    cases: tuple[RestCase, ...]

    @property
    def passed(self) -> bool:
        """Whether the contract is kept."""
        return all(case.passed for case in self.cases)


def check_rest(
    bundle: Bundle,
    target: str = "eager",
    precision: str | None = None,
    *,
    contract: RestContract = RestContract(),  # noqa: B008 - frozen
    seconds: float = 10.0,
    seed: int = 0,
    streams: Sequence[tuple[After, str]] = EVERYTHING,
    on_case: Callable[[int, int], None] | None = None,
) -> RestReport:
    """Measure how a bundle's face rests, and judge it.

    Args:
        bundle: whose default parameters give the face.
        target, precision: what runs it.
        contract: what is demanded.
        seconds: of each sound, 1 to 3600.
        seed: of the sounds.
        streams: what comes before the rest and the name of its sound, for each stream to measure.
        on_case: told of the streams done so far, and of all.

    Raises:
        UsageError: `seconds` is out of range, or nothing can be said of the face: see `rest_values`.
        UnknownTargetError, UnknownPrecisionError, TargetError, BundleError: see `Bundle.executor`.
    """
    if not SHORTEST <= seconds <= LONGEST or math.isnan(seconds):
        raise UsageError("seconds", f"{seconds:g} is out of range", f"give {SHORTEST:g} to {LONGEST:g}")
    record = bundle.record(target, precision)
    face, rest = face_at_rest(bundle)
    by_name = {sound.name: sound for sound in SOUNDS}
    cases = []
    for done, (after, name) in enumerate(streams):
        if on_case:
            on_case(done, len(streams))
        stream = rest_stream(by_name[name], seconds, seed, after)
        with bundle.session(target, precision) as session:
            values, due = frames_of(session, stream.pcm)
        figures = rest_figures(
            values,
            due,
            face,
            rest,
            begin=stream.begin,
            deadline_ms=contract.settle_ms,
            bound_mm=contract.lip_mm,
            channels=bundle.rig.names,
        )
        judged, problems = (after, name) in contract.judged, tuple(contract.problems(figures))
        cases.append(RestCase(after, name, by_name[name].level_dbfs, figures, judged, problems))
    model = bundle.manifest.model.name
    return RestReport(model, record.target, record.precision, seconds, seed, contract, tuple(cases))


def face_at_rest(bundle: Bundle) -> tuple[Face, NDArray[np.float32]]:
    """What a bundle's values move, and their values at rest: zeros of a rig, else the parameter ``template``.

    Raises:
        UsageError: the values cannot be told in millimetres, or there is no such template.
    """
    face = Face.of(bundle.rig.names, bundle.unit, bundle.rig.shape)
    if isinstance(face, NoFace):
        raise UsageError(bundle.path, face.reason, "give a bundle of the ARKit channels, or of vertices in mm or m")
    if bundle.rig.names:
        return face, np.zeros(bundle.rig.shape, np.float32)
    template = bundle.parameters().get("template")
    if template is None or template.shape != bundle.rig.shape:
        raise UsageError(bundle.path, "has no template of its vertices", "export it with the face at rest as template")
    return face, template


def frames_of(session: Session, pcm: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Values (T, ...) and due samples (T,) of a whole stream, pushed a second at a time.

    Raises:
        UsageError: no frame is due within it.
    """
    frames = []
    for first in range(0, len(pcm), SAMPLE_RATE):
        session.push(pcm[first : first + SAMPLE_RATE])
        frames += [(frame.values, frame.due_sample) for frame in session.poll()]
    if not frames:
        raise UsageError("--seconds", "the stream ends before the first frame is due", "ask for more")
    return np.stack([values for values, _ in frames]), np.array([due for _, due in frames], np.int64)
