"""Serves the sample page with a bundle, on this machine only.

::

    python -m export --target onnx                          # writes build/faceformer
    npm --prefix runtime_bindings/web ci && npm --prefix runtime_bindings/web run build
    python samples/web/serve.py build/faceformer            # then open http://127.0.0.1:8000/

The two headers of cross-origin isolation let a page use threads and timers of full resolution; a server of your own
should send them too. How the face is drawn, and three.js, come from `sdk.view`. What a page posts to /report is
printed, one line of JSON each. parity.html replays the bundle's test vectors; with --trace FILE its trace is written
there as well.
"""

from __future__ import annotations

import argparse
import functools
import sys
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sdk.pretrained import SPEECH
from sdk.view.mesh import head_file
from sdk.view.modules import THREE, WEB

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "runtime_bindings" / "web"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript"}
TYPES |= {".wasm": "application/wasm", ".json": "application/json", ".flac": "audio/flac"}
LONGEST_REPORT, LONGEST_TRACE = 1 << 20, 1 << 30


class Handler(SimpleHTTPRequestHandler):
    """The page, the package, what they stand on, and one bundle; nothing else of this machine."""

    def __init__(
        self, *args: object, bundle: Path, head: bytes, speech: Path, trace: Path | None, **more: object
    ) -> None:
        self.head, self.speech, self.trace = head, speech, trace
        self.folders = {
            "/bundle/": bundle,
            "/nowface/": PACKAGE / "dist",
            "/onnxruntime-web/": PACKAGE / "node_modules" / "onnxruntime-web" / "dist",
            "/viewer/": WEB,
            "/three/": THREE,
            "/": HERE,
        }
        super().__init__(*args, **more)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer with a file of the folders."""
        path = unquote(urlsplit(self.path).path)
        if path == "/head.safetensors":
            self.answer(self.head, "application/octet-stream")
            return
        file = self.speech if path == "/speech" else self.file_at("/index.html" if path == "/" else path)
        if file is None or not file.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.answer(file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))

    def do_POST(self) -> None:
        """Print what a page reports, or keep its trace."""
        length = int(self.headers.get("Content-Length", 0))
        longest = {"/report": LONGEST_REPORT, "/trace": LONGEST_TRACE}.get(self.path, 0)
        if not 0 < length <= longest:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = self.rfile.read(length)
        if self.path == "/report":
            print(body.decode(errors="replace"), flush=True)
        elif self.trace is not None:
            self.trace.write_bytes(body)
        self.answer(b"", "text/plain")

    def file_at(self, path: str) -> Path | None:
        """The file of a URL's path, or None if it lies outside the folder that the path names."""
        prefix = next(prefix for prefix in self.folders if path.startswith(prefix))
        folder = self.folders[prefix].resolve()
        file = (folder / path.removeprefix(prefix)).resolve()
        return file if file.is_relative_to(folder) else None

    def answer(self, body: bytes, kind: str) -> None:
        """Send a whole body with the headers that every answer has."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """No line for each file."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the sample page with a bundle that has the onnx target.")
    parser.add_argument("bundle", type=Path, nargs="?", default=Path("build/faceformer"))
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--speech", type=Path, default=SPEECH, help="what the page plays as its sample")
    parser.add_argument("--trace", type=Path, help="where to write the trace of parity.html")
    options = parser.parse_args()
    if not (options.bundle / "manifest.json").is_file():
        sys.exit(f"{options.bundle}: is no bundle; run python -m export --target onnx")
    if not (PACKAGE / "dist" / "index.js").is_file():
        sys.exit(f"{PACKAGE}: is not built; run npm ci and npm run build there")
    given = {"bundle": options.bundle, "speech": options.speech, "trace": options.trace}
    handler = functools.partial(Handler, head=head_file(), **given)
    with ThreadingHTTPServer(("127.0.0.1", options.port), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
