"""``python -m sdk render``: what it writes is read again by another reader, and what is wrong is said in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from sdk.__main__ import main
from sdk.bundle.phones import Phones
from sdk.cli.common import run
from sdk.cli.render import parse_size
from sdk.errors import MissingDependencyError, UsageError
from sdk.film import colours, video
from sdk.film.figure import DENSITY, HEIGHT, WIDTH
from sdk.film.performance import read_performance
from sdk.film.phone_moments import Lips, phone_moments
from sdk.film.video import open_video
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.spec import FrameRate

FRAMES, RATE = 20, 16_000
JAW = ARKIT_52.index("jawOpen")
Call = Callable[..., tuple[int, str, str]]


def animation(path: Path, values: np.ndarray, names: tuple[str, ...] = ARKIT_52, unit: str = "1") -> Path:
    """An animation file as `python -m sdk animate` writes it, at 30 frames a second."""
    fps, index = np.array([30, 1], np.int64), np.arange(len(values))
    np.savez(
        path, values=values, fps=fps, index=index, due_sample=index, unit=np.array(unit), names=np.array(names, np.str_)
    )
    return path


@pytest.fixture
def talking(tmp_path: Path) -> Path:
    """Twenty frames in which the jaw opens and shuts twice."""
    values = np.zeros((FRAMES, 52), np.float32)
    values[:, JAW] = 0.3 * np.abs(np.sin(np.arange(FRAMES) * np.pi / 10))
    return animation(tmp_path / "talking.npz", values)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """As long as the animation, a tone in bursts."""
    time = np.arange(FRAMES * RATE // 30) / RATE
    soundfile.write(tmp_path / "sound.wav", 0.3 * np.sin(2000 * time) * np.abs(np.sin(9 * time)), RATE)
    return tmp_path / "sound.wav"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Exit code, stdout and stderr of ``python -m sdk render``."""

    def render(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sdk", "render", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            run(main, "python -m sdk")
        out = capsys.readouterr()
        return int(stop.value.code or 0), out.out, out.err

    return render


def test_a_clip_has_all_frames_and_the_sound(talking: Path, sound: Path, tmp_path: Path, call: Call) -> None:
    clip = tmp_path / "clip.mp4"
    code, out, err = call(talking, sound, "-o", clip, "--size", "96x128", "--blinks", 3)
    assert (code, err) == (0, "")
    assert f"{FRAMES} frames of 96 x 128 at 30 fps" in out
    with av.open(str(clip)) as file:
        (pictures,), (heard,) = file.streams.video, file.streams.audio
        assert (pictures.codec_context.name, heard.codec_context.name) == ("h264", "aac")
        assert (pictures.width, pictures.height, pictures.average_rate) == (96, 128, 30)
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(pictures)]
    assert len(frames) == FRAMES
    difference = np.abs(frames[0].astype(int) - frames[5]).max(axis=2) > 40
    assert difference[64:].any(), "the mouth moves"
    with av.open(str(clip)) as file:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        seconds = float(file.duration) / av.time_base
    assert seconds == pytest.approx(FRAMES / 30, abs=1 / 30)
    assert len(samples) / video.SOUND_RATE == pytest.approx(FRAMES / 30, abs=2 / 30)
    assert 0.1 < np.abs(samples).max() < 0.5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "sound.wav", "talking.npz"]


def test_a_clip_may_be_silent(talking: Path, tmp_path: Path, call: Call) -> None:
    assert call(talking, "-o", tmp_path / "clip.mp4", "--size", 64, "--draft")[0] == 0
    with av.open(str(tmp_path / "clip.mp4")) as file:
        assert not file.streams.audio
        assert sum(1 for _ in file.decode(video=0)) == FRAMES


def test_vertices_of_the_default_head_are_shown_too(tmp_path: Path) -> None:
    head = default_head()
    metres = np.stack([head.vertices, head.pose(np.eye(52, dtype=np.float32)[JAW])]) / 1000
    path = animation(tmp_path / "v.npz", metres.astype(np.float32), (), "m")
    performance = read_performance(path, np.zeros(0, np.float32), RATE)
    np.testing.assert_allclose(performance.faces[0], head.vertices, atol=1e-3)
    assert performance.gap[0] == pytest.approx(0.24, abs=0.01)
    assert performance.gap[1] == pytest.approx(34.4, abs=0.1)
    assert performance.protrusion[0] == pytest.approx(0, abs=1e-3)
    with pytest.raises(UsageError, match="vertices, not channels"):
        performance.blinking(1)


def test_a_filmstrip_has_its_size(talking: Path, sound: Path, tmp_path: Path, call: Call) -> None:
    labels = tmp_path / "said.txt"
    labels.write_text("0.0\t0.10\tm\n0.12\t0.25\taa\n0.30\t0.38\tp\n0.40\t0.60\tuw\n")
    strip = tmp_path / "strip.png"
    code, _, err = call(talking, sound, "-o", strip, "--phones", labels, "--moments", 4, "--seconds", -1, 1e308)
    assert (code, err) == (0, ""), "the stretch ends with the sound"
    with Image.open(strip) as picture:
        assert picture.size == (WIDTH * DENSITY, HEIGHT * DENSITY)
    assert strip.stat().st_size < 300_000


def test_moments_are_where_a_phone_shows_best() -> None:
    times = (np.arange(60) + 1) / 30
    gap, protrusion = np.full(60, 3.0), np.zeros(60)
    gap[16], gap[40], protrusion[50] = 0.1, 9.0, 4.0
    runs = [("m", 0.5, 0.6), ("aa", 1.3, 1.45), ("w", 1.6, 1.75), ("t", 1.8, 1.9)]
    start, end = (np.array([round(run[place] * 16_000) for run in runs], np.int64) for place in (1, 2))
    phones = Phones(start, end, tuple(run[0] for run in runs))
    moments = phone_moments(phones, Lips(times, gap, protrusion), 8)
    assert [(m.frame, m.closed, m.label) for m in moments] == [
        (16, True, "/m/"),
        (40, False, "/aa/"),
        (50, False, "/w/"),
    ]
    assert [m.label for m in phone_moments(phones, Lips(times, gap, protrusion), 1)] == ["/m/"]


@pytest.mark.parametrize(
    "case",
    [
        (["-o", "clip.avi"], "its kind of file is unknown; end the name with .mp4 or .png"),
        (["-o", "nowhere/clip.mp4"], "cannot be a file there"),
        (["-o", "clip.mp4", "--size", "97"], "'97' is no size of a clip"),
        (["-o", "clip.mp4", "--size", "big"], "'big' is no size of a clip"),
        (["-o", "strip.png"], "there is no sound to draw"),
        (["-o", "strip.png", "--seconds", "0", "inf"], "'--seconds': inf is not a finite number"),
        (["-o", "strip.png", "--seconds", "nan", "1"], "'--seconds': nan is not a finite number"),
        (["-o", "clip.mp4", "--turn", "nan"], "'--turn': nan is not a finite number"),
        (["-o", "clip.mp4", "--phones", "missing.txt"], "is no label track"),
    ],
)
def test_bad_usage_is_one_line(
    talking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call, case: tuple[list[str], str]
) -> None:
    arguments, said = case
    monkeypatch.chdir(tmp_path)
    code, _, err = call(talking, *arguments)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["talking.npz"]


def test_a_bundle_needs_speech(tmp_path: Path, call: Call) -> None:
    code, _, err = call(tmp_path, "-o", tmp_path / "clip.mp4")
    assert (code, "SPEECH: is missing" in err) == (2, True)


def test_a_bundle_of_another_head_is_refused(toy_bundle: Path, sound: Path, tmp_path: Path, call: Call) -> None:
    code, _, err = call(toy_bundle, sound, "-o", tmp_path / "clip.mp4")
    assert code == 2
    assert "its frames are (5, 3) in 'mm'" in err


@pytest.mark.parametrize("damage", ["empty", "cut", "nan", "names"])
def test_a_damaged_animation_is_refused(talking: Path, tmp_path: Path, damage: str) -> None:
    if damage == "empty":
        talking.write_bytes(b"")
    elif damage == "cut":
        talking.write_bytes(talking.read_bytes()[:300])
    elif damage == "nan":
        animation(talking, np.full((3, 52), np.nan, np.float32))
    else:
        animation(talking, np.zeros((3, 2), np.float32), ("one", "two"))
    with pytest.raises(UsageError):
        read_performance(talking, np.zeros(0, np.float32), RATE)


def film(path: Path, pictures: Iterator[np.ndarray]) -> None:
    with open_video(path, (64, 64), FrameRate(num=30), np.zeros(0, np.float32), RATE) as add:
        for picture in pictures:
            add(picture)


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def breaks() -> Iterator[np.ndarray]:
        yield np.zeros((96, 64), np.uint8)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        film(tmp_path / "clip.mp4", breaks())
    # More than may wait: an encoder that is broken must not stop the one who draws.
    with pytest.raises(ValueError, match="ndim"):
        film(tmp_path / "clip.mp4", iter([np.zeros((64, 64, 3), np.uint8)] * 20))
    assert not list(tmp_path.iterdir())


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match=r"nowface\[render\]"):
        colours.require_av()


def test_sizes() -> None:
    assert parse_size("512") == (512, 512)
    assert parse_size("720x1280") == (720, 1280)
    for bad in ("0", "66000", "512x", "512x511", "-512"):
        with pytest.raises(UsageError):
            parse_size(bad)
