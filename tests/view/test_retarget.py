"""``python -m sdk view --retarget``: the browser shows what a session with that file shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import soundfile

from sdk.__main__ import main
from sdk.bundle import Bundle
from tests.bundle.conftest import edit_manifest
from tests.toy_bundle import speech_like
from tests.view.conftest import Open

NAMES = ["jawOpen", "mouthClose", "mouthPucker", "mouthFunnel", "jawLeft", "jawRight", "tongueOut", "browInnerUp"]
AVATAR = '{"format_version": 1, "channels": {"jawOpen": {"gain": 0.5, "offset": 0.3, "low": 0.1, "smoothing_ms": 80}}}'


def test_the_browser_shows_the_retargeted_face(toy_bundle: Path, tmp_path: Path, visit: Open) -> None:
    folder, avatar, speech = tmp_path / "rigged", tmp_path / "avatar.json", tmp_path / "speech.wav"
    shutil.copytree(toy_bundle, folder)
    edit_manifest(folder, lambda m: m.update(channels=NAMES, unit="1"))
    edit_manifest(folder, lambda m: m["pipeline"].update(values="motion_decoder.coefficients"))
    avatar.write_text(AVATAR)
    soundfile.write(speech, speech_like(11_200), 16_000)
    page = tmp_path / "page.html"
    options = [str(folder), str(speech), "--retarget", str(avatar), "-o", str(page)]
    main(["view", *options], standalone_mode=False)

    with Bundle.open(folder) as bundle, bundle.session(retarget=avatar) as session:
        session.push(soundfile.read(speech, dtype="float32")[0])
        session.flush()
        frames = [frame.values.copy() for frame in session.poll()]
    seen = visit(page)
    for number in (0, 7, len(frames) - 1):
        seen.page.evaluate("time => viewer.player.seek(time)", number / 30 + 0.01)
        seen.page.wait_for_function("frame => viewer.takes[0].shown === frame", arg=number)
        values = seen.page.evaluate("Array.from(viewer.takes[0].values(viewer.takes[0].shown))")
        np.testing.assert_array_equal(np.array(values, np.float32), frames[number])
    assert "avatar.json" in seen.page.locator(".facts").all_inner_texts()[0]
    assert seen.complaints == []
