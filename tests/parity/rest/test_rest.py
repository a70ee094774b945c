"""The rest pose contract: figures that are known beforehand, and a gate that finds every injected fault."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from sdk.__main__ import main
from sdk.bundle import Bundle
from sdk.cli.common import run
from sdk.errors import UsageError
from sdk.parity.face.face import Face
from sdk.parity.rest.check import check_rest, face_at_rest, frames_of
from sdk.parity.rest.contract import HELD, RestContract
from sdk.parity.rest.figures import RestFigures, rest_figures, settle_ms
from sdk.parity.rest.sounds import SOUNDS, RestSound
from sdk.parity.rest.streams import first_sentence, rest_stream
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.measure import lip_gap
from sdk.runtime.executor import ENTRY_POINT_GROUP
from tests.parity.conftest import add_target
from tests.plugins import register

FACES = ("rests", "agape", "held", "slow", "trembles")
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def bundle(toy_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The toy with one target for each face of `loud_face`."""
    folder = tmp_path_factory.mktemp("rest") / "bundle"
    shutil.copytree(toy_bundle, folder)
    for name in FACES:
        add_target(folder, name)
    points = [EntryPoint(name, f"tests.parity.rest.loud_face:open_{name}", ENTRY_POINT_GROUP) for name in FACES]
    with pytest.MonkeyPatch.context() as patch:
        register(patch, ENTRY_POINT_GROUP, points)
        yield folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Exit code, stdout and stderr of ``python -m sdk rest``."""

    def rest(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sdk", "rest", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            run(main, "python -m sdk")
        out = capsys.readouterr()
        return int(stop.value.code or 0), out.out, out.err

    return rest


def problems(folder: Path, target: str) -> set[str]:
    """Names of the broken bounds in digital silence after speech."""
    with Bundle.open(folder) as opened:
        report = check_rest(opened, target, seconds=2, streams=[("speech", "silence")])
    (silence,) = report.cases
    assert report.passed == silence.passed == (not silence.problems)
    return {problem.where for problem in silence.problems}


def test_a_face_that_rests_keeps_the_contract(bundle: Path, call: Call) -> None:
    code, out, err = call(bundle, "--target", "rests", "--seconds", 2)
    assert (code, err) == (0, "")
    assert "BROKEN:" not in out
    assert out.count(" kept") == len(HELD)
    assert "beyond" in out, "loud music opens a face that follows the loudness, and the table says so"


def test_strictly_music_is_judged_too(bundle: Path, call: Call) -> None:
    assert call(bundle, "--target", "rests", "--seconds", 3, "--sound", "music")[0] == 0
    code, out, _ = call(bundle, "--target", "rests", "--seconds", 3, "--sound", "music", "--strict")
    assert code == 1
    assert "BROKEN: music after speech: the lips" in out


@pytest.mark.parametrize(
    ("face", "broken"),
    [
        ("agape", {"rest.settle", "rest.lip"}),
        ("held", {"rest.settle", "rest.lip"}),
        ("slow", {"rest.settle", "rest.lip"}),
        ("trembles", {"rest.jitter"}),
    ],
)
def test_a_face_that_does_not_rest_is_found(bundle: Path, call: Call, face: str, broken: set[str]) -> None:
    assert problems(bundle, face) == broken
    assert call(bundle, "--target", face, "--seconds", 2, "--sound", "silence")[0] == 1


def test_the_report_is_json(bundle: Path, call: Call) -> None:
    code, out, _ = call(bundle, "--target", "agape", "--seconds", 1, "--sound", "silence", "--json")
    told = json.loads(out)
    assert (code, told["passed"], told["target"]) == (1, False, "agape")
    assert [(case["after"], case["sound"]) for case in told["cases"]] == [("speech", "silence"), ("start", "silence")]
    figures = told["cases"][0]["figures"]
    assert figures["settle_ms"] is None
    assert figures["lip_mm"] == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize("seconds", ["0.5", "nan", "1e9"])
def test_lengths_that_cannot_be_are_refused(bundle: Path, call: Call, seconds: str) -> None:
    code, _, err = call(bundle, "--seconds", seconds)
    assert code == 2
    assert err.startswith("python -m sdk: seconds: ")


def test_a_stream_without_late_frames_is_refused() -> None:
    with pytest.raises(UsageError, match="2 frames come after the time to settle"):
        measure(np.zeros((31, 52), np.float32), deadline_ms=0.0)


def test_a_stream_without_a_frame_is_refused() -> None:
    class Mute:
        def push(self, pcm: np.ndarray) -> None: ...

        def poll(self) -> list[object]:
            return []

    with pytest.raises(UsageError, match="before the first frame is due"):
        frames_of(Mute(), np.zeros(16000, np.float32))  # type: ignore[arg-type]


def test_an_unknown_sound_is_refused(bundle: Path, call: Call) -> None:
    code, _, err = call(bundle, "--sound", "thunder")
    assert code == 2
    assert "'thunder' is unknown; give one of silence, room_pink" in err


def test_a_target_that_is_not_there_is_refused(bundle: Path, call: Call) -> None:
    assert call(bundle, "--target", "nobody")[0] == 2


def test_a_mesh_without_a_template_is_refused(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Bundle.open(bundle) as opened:
        face, rest = face_at_rest(opened)
        assert (face.word, rest.shape) == ("vertex", (5, 3))
        monkeypatch.setattr(opened, "parameters", dict)
        with pytest.raises(UsageError, match="no template"):
            face_at_rest(opened)


def measure(weights: np.ndarray, deadline_ms: float = 300.0) -> RestFigures:
    """Figures of weights (T, 52) at 30 frames a second, the rest beginning at 1 s."""
    due = -(-(np.arange(len(weights), dtype=np.int64) + 1) * 16000 // 30)
    face = Face.of(ARKIT_52, "1", (52,))
    assert isinstance(face, Face)
    return rest_figures(
        weights,
        due,
        face,
        np.zeros(52),
        begin=16000,
        deadline_ms=deadline_ms,
        bound_mm=0.5,
        channels=ARKIT_52,
    )


def test_figures_are_those_of_the_face() -> None:
    jaw, brow = ARKIT_52.index("jawOpen"), ARKIT_52.index("browInnerUp")
    weights = np.zeros((90, 52), np.float32)
    weights[:35, jaw] = 0.5  # 4 frames into the rest, which begins with frame 29
    weights[60, jaw], weights[70, brow] = 0.01, 0.02
    figures = measure(weights)
    assert figures.settle_ms == pytest.approx(200.0)
    assert figures.gap_mm == pytest.approx(
        float(lip_gap(default_head(), weights[60]) - lip_gap(default_head(), weights[0] * 0))
    )
    assert figures.lip_mm >= figures.gap_mm / 2
    assert figures.channel == "browInnerUp"
    assert figures.channel_value == pytest.approx(0.02)
    assert figures.upper_mm is not None
    assert figures.upper_mm > 0.05
    assert figures.jitter_mm > 0


def test_what_happens_before_the_deadline_is_no_excursion() -> None:
    weights = np.zeros((90, 52), np.float32)
    weights[:35, ARKIT_52.index("jawOpen")] = 0.5
    figures = measure(weights)
    assert (figures.lip_mm, figures.gap_mm, figures.channel, figures.jitter_mm) == (0.0, 0.0, "", 0.0)
    assert not RestContract().problems(figures)
    assert measure(weights, 100.0).lip_mm > 5


@pytest.mark.parametrize(
    ("beyond", "expected"), [("....", 0.0), ("x...", 20.0), ("xxx.", 60.0), ("..x.", 60.0), ("...x", None)]
)
def test_the_face_has_settled_when_it_never_leaves_again(beyond: str, expected: float | None) -> None:
    assert settle_ms(np.array([c == "x" for c in beyond]), np.arange(4) * 320) == expected


@pytest.mark.parametrize("sound", SOUNDS, ids=lambda sound: sound.name)
def test_sounds_have_their_level_and_are_their_seeds(sound: RestSound) -> None:
    made = sound.samples(48_000, 3)
    assert made.shape == (48_000,)
    np.testing.assert_array_equal(made, sound.samples(48_000, 3))
    if sound.level_dbfs is None:
        assert not made.any()
        return
    assert not np.array_equal(made, sound.samples(48_000, 4))
    blocks = np.sqrt(np.square(made.reshape(-1, 1600)).mean(axis=1))
    whole = np.sqrt(np.square(made).mean())
    loudest = blocks.max() if sound.name.startswith("breath") else whole
    assert 20 * np.log10(loudest) == pytest.approx(sound.level_dbfs, abs=1.0)
    assert np.abs(made).max() < 1


def test_a_stream_is_speech_and_then_the_sound() -> None:
    by_name = {sound.name: sound for sound in SOUNDS}
    speech = first_sentence()
    silent = rest_stream(by_name["silence"], 1.0, 0)
    np.testing.assert_array_equal(silent.pcm[: silent.begin], speech)
    assert len(silent.pcm) == len(speech) + 16000
    assert not silent.pcm[silent.begin :].any()
    room = rest_stream(by_name["room_pink"], 1.0, 0)
    under = room.pcm[: room.begin] - speech
    assert 20 * np.log10(under.std()) == pytest.approx(-60, abs=1)
    cold = rest_stream(by_name["chord"], 1.0, 0, "start")
    assert (cold.begin, len(cold.pcm)) == (0, 16000)
