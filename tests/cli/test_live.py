"""`python -m sdk live`: a file at its own pace, what it reports, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import time
from functools import partial
from pathlib import Path

import pytest
import soundfile

from tests.cli.conftest import Command
from tests.toy_bundle import speech_like


@pytest.fixture
def live(command: Command, toy_bundle: Path) -> Command:
    """``python -m sdk live TOY ARGUMENTS``."""
    return partial(command, "live", toy_bundle)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "speech.wav", speech_like(24_000), 24_000)
    return tmp_path / "speech.wav"


def test_a_file_takes_its_time(live: Command, speech: Path) -> None:
    began = time.perf_counter()
    code, out, err = live("--input", speech)
    assert time.perf_counter() - began >= 1
    assert (code, err) == (0, "")
    pattern = r"speech\.wav: 1\.00 s heard, 30 frames, \d+ late, 0 samples and 0 frames dropped, push to frame .*\n"
    assert re.fullmatch(pattern, out), out


def test_the_summary_for_machines(live: Command, speech: Path, toy_bundle: Path) -> None:
    code, out, err = live("--input", speech, "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["bundle"] == str(toy_bundle)
    assert (said["target"], said["precision"], said["source"]) == ("eager", "fp32", "speech.wav")
    assert (said["seconds"], said["frames"], said["skipped_frames"], said["dropped_samples"]) == (1.0, 30, 0, 0)
    assert 0 < said["push_to_frame_ms"]["median"] <= said["push_to_frame_ms"]["max"]
    assert said["push_to_frame_ms"]["median"] <= said["sound_to_frame_ms"]["max"]
    assert 0 < said["real_time_factor"] < 1
    assert said["lip_gap_mm"] is None, "nobody has named the lips of the toy"


def test_a_retarget_goes_to_the_session(live: Command, speech: Path, tmp_path: Path) -> None:
    (tmp_path / "avatar.json").write_text('{"format_version": 1, "channels": {"jawOpen": {"gain": 2}}}')
    code, _, err = live("--input", speech, "--retarget", tmp_path / "avatar.json")
    assert (code, err.count("\n")) == (2, 1)
    assert "vertices" in err, "the toy moves no channels"


def test_ends_after_some_seconds(live: Command, speech: Path) -> None:
    code, out, _ = live("--input", speech, "--seconds", "0.3", "--json")
    assert code == 0
    assert json.loads(out)["seconds"] == pytest.approx(0.3, abs=0.05)


def test_ctrl_c_ends_with_a_summary(live: Command, tmp_path: Path) -> None:
    """A signal as the terminal sends it, half a second after the first frame of half a minute."""
    import threading

    from sdk.live.loop import Listener

    soundfile.write(tmp_path / "long.wav", speech_like(30 * 16_000), 16_000)
    begun = Listener.run

    def interrupted(listener: Listener) -> None:
        threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
        begun(listener)

    # A shell that starts the tests in its background lets them ignore the signal.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Listener, "run", interrupted)
            code, out, err = live("--input", tmp_path / "long.wav", "--json")
    finally:
        signal.signal(signal.SIGINT, ours)
    assert (code, err) == (0, "")
    assert 0.2 < json.loads(out)["seconds"] < 20, "however late a busy machine delivers it"


def test_the_screen(live: Command, speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the meter is drawn while it listens, and gone at the end."""
    import io

    from rich.console import Console

    drawn = io.StringIO()
    terminal = Console(file=drawn, force_terminal=True, width=100, height=40)
    monkeypatch.setattr("sdk.cli.live.stderr", terminal)
    code, out, _ = live("--input", speech)
    assert code == 0
    assert out.count("\n") == 1
    assert "push to frame" in drawn.getvalue()
    assert "Ctrl-C ends" in drawn.getvalue()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--input", "absent.wav"], ["absent.wav"]),
        (["--input", "absent.wav", "--device", "1"], ["--device"]),
        (["--target", "tpu"], ["tpu"]),
        (["--style", "9"], ["--style"]),
        (["--seconds", "0"], ["--seconds"]),
        (["--seconds", "nan"], ["--seconds", "nan is not a finite number"]),
        (["--seconds", "inf"], ["--seconds", "inf is not a finite number"]),
        (["--block-ms", "nan"], ["--block-ms", "nan is not a finite number"]),
        (["--queue-seconds", "nan"], ["--queue-seconds", "nan is not a finite number"]),
        ([], ["sounddevice", "nowface[live]"]),
        (["--list-devices"], ["sounddevice", "nowface[live]"]),
    ],
)
def test_bad_calls(live: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    code, out, error = live(*arguments)
    assert (code, out) == (2, "")
    assert error.count("\n") == 1, error
    for word in words:
        assert word in error


def test_no_bundle(command: Command) -> None:
    code, _, error = command("live", "--input", "speech.wav")
    assert code == 2
    assert "no bundle" in error
