"""Serves the page's few files, and nothing else."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "page" / "dist"
# Nothing but our own files and the broker's WebSocket; no other site may frame us or be called.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: object) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Who looked at the page, and when, is nobody's business."""


class Page:
    def __init__(self, port: int, address: str = "", folder: Path = FOLDER):
        self._server = ThreadingHTTPServer((address, port), partial(Handler, directory=str(folder)))
        self.port = self._server.server_address[1]
        self.built = (folder / "mqtt.js").exists()

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="page", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
