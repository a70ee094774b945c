"""A .glb file in a headless browser: three.js draws the head with its pictures, and it moves."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np

from sdk.rigs.arkit import ARKIT_52
from tests.animation.clips import head_layout, tone, write
from tests.animation.conftest import READERS

CHROMIUM = (
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


class Handler(SimpleHTTPRequestHandler):
    """Serves the readers and one file, and takes the page's report."""

    def __init__(self, *arguments: Any, file: Path, reports: Queue[dict[str, Any]]) -> None:
        self.file, self.reports = file, reports
        super().__init__(*arguments, directory=str(READERS))

    def translate_path(self, path: str) -> str:
        return str(self.file) if path == "/clip.glb" else super().translate_path(path)

    def do_POST(self) -> None:
        self.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def test_three_draws_the_head_and_it_moves(tmp_path: Path, node: Callable[..., Any]) -> None:
    assert shutil.which("chromium"), "apt-get install chromium"
    clip = np.zeros((30, 52), np.float32)
    clip[20:, ARKIT_52.index("jawOpen")] = 1
    file = write(tmp_path / "clip.glb", head_layout(sound=tone()), clip)
    reports: Queue[dict[str, Any]] = Queue()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, file=file, reports=reports)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{server.server_port}/view.html?file=clip.glb&times=0,0.3,0.9"
        log = subprocess.DEVNULL
        with subprocess.Popen(
            [*CHROMIUM, f"--user-data-dir={tmp_path / 'p'}", page], stdout=log, stderr=log
        ) as browser:
            try:
                report = reports.get(timeout=120)
            finally:
                browser.terminate()
                server.shutdown()
    assert report["errors"] == []
    eye = [512, 512]
    assert report["pictures"] == {"skin": [800, 1280], "eye_left": eye, "eye_right": eye, "teeth": [320, 320]}
    assert 0.2 < report["covered"] < 0.8
    still, moved = report["changed"]
    assert still == 0
    assert moved > 0.01
