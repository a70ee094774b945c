"""The sync figures of the face on real sound: motion shifted by known amounts, motion of another sentence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sdk.audio.files import load_speech
from sdk.bundle.phones import Phones
from sdk.models.vatt import offline_meter
from sdk.parity.face import View
from sdk.parity.face.face import Face
from sdk.parity.face.figures import FaceFigures
from sdk.parity.face.sync import SURE, SyncFigures, sync_figures
from sdk.parity.face.view import Sound
from sdk.parity.face_bounds import face_problems
from sdk.parity.tolerances import tolerance_for
from sdk.pretrained import SPEECH, SPEECH_PHONES
from sdk.rigs.arkit import ARKIT_52
from sdk.training.phones import TimedPhone
from sdk.training.teacher import MotionCurve, motion_curve

VIEW = View("decoder.weights", Face.of(ARKIT_52, "1", (52,)), ARKIT_52)
INT8 = tolerance_for("int8")
PRECISE_MS = 15.0
"""How well an offset is read on this sound."""


@cache
def said() -> tuple[np.ndarray, MotionCurve]:
    """The embedded speech and the face that the rule-based teacher gives it."""
    pcm = load_speech(SPEECH)
    read = Phones.read_labels(SPEECH_PHONES)
    spans = zip(read.names, read.start / 16_000, read.end / 16_000, strict=True)
    return pcm, motion_curve([TimedPhone(name.lower(), start, end) for name, start, end in spans], pcm, 0)


def due(rate: float, samples: int) -> np.ndarray:
    return np.ceil(16_000 / rate * np.arange(1, int(samples * rate / 16_000) + 1)).astype(np.int64)


def face(late_ms: float = 0.0, rate: float = 30.0) -> np.ndarray:
    """The face of the speech, so much later than it should be."""
    pcm, curve = said()
    return curve.weights(due(rate, len(pcm)) / 16_000 - late_ms / 1000)


def found(candidate: np.ndarray, rate: float = 30.0, pcm: np.ndarray | None = None, sample_rate: int = 16_000):
    heard = said()[0] if pcm is None else pcm
    shown = due(rate, len(said()[0]))
    return sync_figures(face(rate=rate), candidate, ARKIT_52, pcm=heard, sample_rate=sample_rate, due_sample=shown)


def judged(candidate: np.ndarray) -> FaceFigures:
    pcm, _ = said()
    figures = VIEW.figures(face(), candidate, Sound(pcm, 16_000, due(30, len(pcm))))
    assert isinstance(figures, FaceFigures)
    return figures


@pytest.mark.parametrize("late_ms", [-200.0, -90.0, -33.3, 0.0, 20.0, 50.0, 120.0, 300.0])
def test_a_known_shift_is_read(late_ms: float) -> None:
    figures = found(face(late_ms))
    assert isinstance(figures, SyncFigures)
    assert figures.known
    assert figures.fits
    assert figures.late_ms == pytest.approx(late_ms, abs=PRECISE_MS)
    assert figures.shift_ms == pytest.approx(late_ms, abs=PRECISE_MS)


def test_a_face_that_says_something_else_does_not_fit() -> None:
    figures = found(face()[::-1].copy())
    assert figures is not None
    assert figures.known
    assert not figures.fits
    assert figures.confidence < 0.6 * figures.reference_confidence


def test_a_face_at_rest_does_not_fit() -> None:
    figures = found(np.zeros_like(face()))
    assert figures is not None
    assert not figures.fits


@pytest.mark.parametrize("rate", [25.0, 60.0])
def test_any_frame_rate_is_read(rate: float) -> None:
    figures = found(face(50, rate), rate)
    assert figures is not None
    assert figures.late_ms == pytest.approx(50, abs=PRECISE_MS)


def test_any_sample_rate_and_format_is_read() -> None:
    pcm, _ = said()
    plain = found(face(50))
    slow = found(face(50), pcm=np.repeat(pcm, 3), sample_rate=48_000)
    whole = found(face(50), pcm=np.round(pcm * 32_767).astype(np.int16))
    assert plain is not None
    for other in (slow, whole):
        assert other is not None
        assert other.late_ms == pytest.approx(plain.late_ms, abs=5)
        assert other.confidence == pytest.approx(plain.confidence, abs=0.05)


def test_some_of_the_channels_are_enough() -> None:
    names = tuple(name for name in ARKIT_52 if name.startswith(("jaw", "mouth")))
    columns = [ARKIT_52.index(name) for name in names]
    pcm, _ = said()
    figures = sync_figures(
        face()[:, columns],
        face(80)[:, columns],
        names,
        pcm=pcm,
        sample_rate=16_000,
        due_sample=due(30, len(pcm)),
    )
    assert figures is not None
    assert figures.late_ms == pytest.approx(80, abs=PRECISE_MS)


def test_nothing_is_said_of_vertices_other_rigs_short_streams_and_broken_sound() -> None:
    pcm, _ = said()
    shown = due(30, len(pcm))

    def of(names: tuple[str, ...], frames: int = len(shown), sound: np.ndarray = pcm) -> SyncFigures | None:
        values = np.zeros((frames, max(1, len(names))), np.float32)
        return sync_figures(values, values, names, pcm=sound, sample_rate=16_000, due_sample=shown[:frames])

    assert of(ARKIT_52) is not None
    assert of(()) is None
    assert of(("A", "B")) is None
    assert of(("mouthSmileLeft",)) is None
    assert of(ARKIT_52, 45) is None
    assert of(ARKIT_52, 0) is None
    broken = pcm.copy()
    broken[5_000] = np.nan
    assert of(ARKIT_52, sound=broken) is None


def test_the_gate_fails_on_a_face_that_is_late_for_the_voice() -> None:
    assert not [p for p in face_problems(judged(face(2)), INT8) if p.where == "face.sync"]
    late = {p.where: p.message for p in face_problems(judged(face(60)), INT8)}
    assert "another time" in late["face.sync"]
    other = {p.where: p.message for p in face_problems(judged(face()[::-1].copy()), INT8)}
    assert "no longer fits the voice" in other["face.sync"]


def test_the_gate_is_silent_where_the_reference_is_no_face_of_the_voice() -> None:
    pcm, _ = said()
    wrong = face()[::-1].copy()
    figures = VIEW.figures(wrong, face(), Sound(pcm, 16_000, due(30, len(pcm))))
    assert isinstance(figures, FaceFigures)
    assert figures.sync is not None
    assert figures.sync.reference_confidence < SURE
    assert not [p for p in face_problems(figures, INT8) if p.where == "face.sync"]
    assert "sync_ms" not in figures.measured()
    assert "sync_ms" in judged(face()).measured()


def test_chunks_are_the_whole_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(face(40))
    monkeypatch.setattr(offline_meter, "CHUNK", 60)
    parts = found(face(40))
    assert whole is not None
    assert parts is not None
    assert parts.late_ms == pytest.approx(whole.late_ms, abs=0.05)
    assert parts.confidence == pytest.approx(whole.confidence, abs=1e-4)
    assert replace(parts, late_ms=0.0) != whole
