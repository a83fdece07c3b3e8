"""Serves the page's few files, and nothing else: a process of its own, so that whoever floods it
takes nothing from the hub.

    python -m device.home.hub.web --port PORT --certificate FILE --key FILE
"""

import argparse
import contextlib
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "page" / "dist"
LOOPBACK = "127.0.0.1"
MOST = 64               # connections at once; who comes then is let go at once
PATIENCE = 10.0         # s that a connection may say nothing
# Nothing but our own files and the broker's WebSocket; no other site may frame us or be called.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Handler(SimpleHTTPRequestHandler):
    timeout = PATIENCE

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


class Few(ThreadingMixIn, HTTPServer):
    """A thread each for at most MOST connections. TLS begins in that thread: nobody who says
    nothing keeps others waiting."""
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16
    secrecy: ssl.SSLContext | None = None

    def __init__(self, *words: Any):
        self._room = threading.BoundedSemaphore(MOST)
        super().__init__(*words)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            request.settimeout(PATIENCE)
            if self.secrecy is not None:
                request = self.secrecy.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError:
            self.shutdown_request(request)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Somebody hung up."""


class Page:
    def __init__(
        self,
        port: int,
        address: str = "",
        folder: Path = FOLDER,
        certificate: tuple[Path, Path] | None = None,
    ):
        """`certificate`: its file and its key's; without it the page is served in the clear."""
        self._server = Few((address, port), partial(Handler, directory=str(folder)))
        if certificate is not None:
            secrecy = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secrecy.load_cert_chain(*certificate)
            self._server.secrecy = secrecy
        self.port = self._server.server_address[1]
        self.built = (folder / "mqtt.js").exists()

    def start(self) -> None:
        threading.Thread(target=self.serve, name="page", daemon=True).start()

    def serve(self) -> None:
        self._server.serve_forever()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def beside(
    port: int, address: str, certificate: tuple[Path, Path] | None
) -> Iterator[subprocess.Popen]:
    """The page in a process of its own, for as long as this lasts."""
    words = [sys.executable, "-m", "device.home.hub.web", "--port", str(port), "--address", address]
    if certificate is not None:
        words += ["--certificate", str(certificate[0]), "--key", str(certificate[1])]
    page = subprocess.Popen(words)
    try:
        yield page
    finally:
        page.terminate()
        page.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", default=LOOPBACK)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    options = parser.parse_args()
    files = (options.certificate, options.key) if options.certificate else None
    try:
        Page(options.port, options.address, certificate=files).serve()
    except (OSError, ssl.SSLError) as trouble:
        parser.exit(1, f"nocturne hub: the page can't be served: {trouble}\n")
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
