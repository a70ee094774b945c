"""The sample pages in a headless browser: a trace that passes the gate, and a face that follows the sound."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser

from sdk.audio.files import load_speech
from sdk.bundle import Bundle
from sdk.bundle.trace import Trace
from sdk.parity import check_bundle
from sdk.pretrained import SPEECH
from tests.bindings.web.conftest import ROOT
from tests.toy_bundle import speech_like

CHROMIUM = (
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Drawing without a graphics card is slow: a small window leaves time for the model.
    "--window-size=500,400",
)
SECONDS, RATE = 2, 48_000


@pytest.fixture(scope="module")
def face_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model in float32 for onnx, without the export's own checks."""
    from export.exporter import export_bundle
    from export.plan import plan_jobs
    from export.targets.base import LoweringOptions
    from sdk.models.registry import BuildOptions, find_model

    staged = find_model("faceformer").build(BuildOptions())
    folder = tmp_path_factory.mktemp("page") / "face"
    jobs = plan_jobs(["onnx"], ["fp32"])
    export_bundle(staged, jobs, folder, options=LoweringOptions(), speech=speech_like(16_000), parity=False)
    return folder


@contextmanager
def served(*options: object) -> Iterator[tuple[str, Any]]:
    """The address of a running serve.py and the lines that it prints."""
    command = [sys.executable, "samples/web/serve.py", "--port", "0", *map(str, options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), address
            yield address, server.stdout
        finally:
            server.terminate()


def visited(address: str, page: str, lines: Any, profile: Path) -> dict[str, Any]:
    """What the page reports; the browser is closed then."""
    assert shutil.which("chromium"), "apt-get install chromium"
    log = (profile.parent / "chromium.log").open("w")
    with (
        log,
        subprocess.Popen([*CHROMIUM, f"--user-data-dir={profile}", address + page], stdout=log, stderr=log) as browser,
    ):
        try:
            report: dict[str, Any] = json.loads(lines.readline())
        finally:
            browser.terminate()
    assert "error" not in report, report
    return report


def test_a_browsers_trace_passes_the_gate(package: Path, face_bundle: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.safetensors"
    with served(face_bundle, "--trace", trace) as (address, lines):
        report = visited(address, "parity.html", lines, tmp_path / "profile")
    assert report["frames"] == 30
    assert "Chrome/" in report["metadata"]["user_agent"]
    assert report["metadata"]["runtime"] == "onnxruntime-web 1.30.0"
    with Bundle.open(face_bundle) as bundle:
        judged = check_bundle(bundle, device_trace=Trace.load(trace))
    assert judged.passed, judged.first_failure
    assert 0 < report["medianMs"] <= report["p95Ms"]


def test_a_browser_replays_the_precision_that_is_asked_for(package: Path, face_bundle: Path, tmp_path: Path) -> None:
    with served(face_bundle) as (address, lines):
        report = visited(address, "parity.html?precision=fp32", lines, tmp_path / "profile")
        assert report["metadata"]["precision"] == "fp32"
        with pytest.raises(AssertionError, match="no onnx in 'int8'; it has fp32"):
            visited(address, "parity.html?precision=int8", lines, tmp_path / "another")


def test_the_face_follows_a_sound_that_plays(package: Path, face_bundle: Path, tmp_path: Path) -> None:
    speech = tmp_path / "speech.wav"
    pcm = np.repeat(speech_like(16_000 * SECONDS), RATE // 16_000)
    soundfile.write(speech, pcm, RATE)
    with served(face_bundle, "--speech", speech) as (address, lines):
        report = visited(address, "?play=sample&plain", lines, tmp_path / "profile")
    assert report["isolated"], "the headers of cross-origin isolation are missing"
    # Blocks that were not full when the sound ended, and the resampler's delay, are missing at the end.
    assert 30 * SECONDS - 3 <= report["report"]["frames"] <= 30 * SECONDS
    assert (report["report"]["droppedSamples"], report["report"]["restarts"], report["events"]) == (0, 0, [])
    assert report["drawn"] >= 1
    assert report["moved"] > 0.01, "no channel moved"


def test_the_microphone_moves_the_face(
    package: Path, face_bundle: Path, chromium: Callable[..., Browser], tmp_path: Path
) -> None:
    """A microphone that says the same again and again, until its button is pressed a second time."""
    heard = tmp_path / "heard.wav"
    soundfile.write(heard, np.repeat(load_speech(SPEECH)[8_000:40_000], RATE // 16_000), RATE)
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    complaints: list[str] = []
    with served(face_bundle) as (address, _):
        browser = chromium(*fake, f"--use-file-for-fake-audio-capture={heard}")
        page = browser.new_page(viewport={"width": 500, "height": 400})
        page.set_default_timeout(120_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address + "?plain")
        page.click("#mic:enabled")
        shown = "document.querySelector('#channels').textContent"
        page.wait_for_function(f"parseFloat({shown}.match(/[0-9.]+/)) > 0.01")
        before = page.evaluate(shown)
        page.wait_for_function(f"before => {shown} !== before", arg=before)
        assert page.get_attribute("#mic", "aria-pressed") == "true"
        page.click("#mic")
        assert page.inner_text("#status") == "Stopped"
        assert page.get_attribute("#mic", "aria-pressed") == "false"
        browser.close()
    assert complaints == []
