"""Serves the page's few files, its words in each language, and who is logged in: a process of its
own, so that whoever floods it takes nothing from the hub.

A login outlives a reload by a token, in a cookie that no script can read. Name and password lie
here, in memory alone and under a key that only the token is: neither the browser's storage nor this
process's memory gives them away.

    python -m device.home.hub.web --port PORT --certificate FILE --key FILE
"""

import argparse
import contextlib
import json
import secrets
import ssl
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

from nacl.secret import SecretBox

from device.clock import SystemClock
from device.sentences import CALLED, catalogue, languages

FOLDER = Path(__file__).resolve().parent.parent / "page"
SERVED = ("index.html", "style.css", "page.js", "mqtt.js", "icon.svg", "ward.html", "ward.css",
          "ward.js")
LOOPBACK = "127.0.0.1"
MOST = 64               # connections at once; who comes then is let go at once
PATIENCE = 10.0         # s that a connection may say nothing
# Nothing but our own files and the broker's WebSocket; no other site may frame us or be called.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


COOKIE = "nocturne"
LASTS = 30 * 86_400     # s that a login lasts
LARGEST = 4096          # bytes of one
MOST_LOGINS = 256       # the oldest give way


class Logins:
    """What was kept, by the token's hash and under the token as its key."""

    def __init__(self, now: Callable[[], float]):
        """`now`: s, monotonic."""
        self._now = now
        self._kept: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()

    def keep(self, login: bytes) -> str:
        """Answers its token."""
        token = secrets.token_bytes(32)
        self._kept[sha256(token).digest()] = self._now() + LASTS, SecretBox(token).encrypt(login)
        while len(self._kept) > MOST_LOGINS:
            self._kept.popitem(last=False)
        return token.hex()

    def open(self, token: str) -> bytes | None:
        with contextlib.suppress(ValueError):
            key = bytes.fromhex(token)
            until, sealed = self._kept.get(sha256(key).digest(), (0.0, b""))
            if sealed and self._now() < until:
                return SecretBox(key).decrypt(sealed)
        return None

    def forget(self, token: str) -> None:
        with contextlib.suppress(ValueError):
            self._kept.pop(sha256(bytes.fromhex(token)).digest(), None)


def words(name: str) -> bytes | None:
    """The page's words of a language, by the English; which there are, each by its own name."""
    if name == "languages":
        found = {code: catalogue(code).get("language", {}).get("name", "English")
                 for code in languages()}
        return json.dumps(found).encode()
    if name not in languages():
        return None
    sheet = catalogue(name)
    return json.dumps({**sheet.get(CALLED, {}), **sheet.get("browser", {})}).encode()


class Handler(SimpleHTTPRequestHandler):
    timeout = PATIENCE
    logins: Logins
    secure = False          # the page comes by TLS

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/session":
            kept = self.logins.open(self.token)
            self.answer(kept or b"", 200 if kept else 204)
        elif path.startswith("/words/") and path.endswith(".json"):
            found = words(path[len("/words/"):-len(".json")])
            self.answer(found or b"", 200 if found else 404)
        elif path in ("/", *(f"/{name}" for name in SERVED)):
            super().do_GET()
        else:
            self.send_error(404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """A login, once the broker has let it in. JSON, which no other site's form can send."""
        length = int(self.headers.get("Content-Length") or 0)
        asked = self.path == "/session" and self.headers.get_content_type() == "application/json"
        if not asked or not 0 < length <= LARGEST:
            self.send_error(400)
            return
        token = self.logins.keep(self.rfile.read(length))
        self.answer(b"", 204, f"{COOKIE}={token}; Max-Age={LASTS}")

    def do_DELETE(self) -> None:
        self.logins.forget(self.token)
        self.answer(b"", 204, f"{COOKIE}=; Max-Age=0")

    @property
    def token(self) -> str:
        cookies: SimpleCookie = SimpleCookie()
        with contextlib.suppress(CookieError):
            cookies.load(self.headers.get("Cookie", ""))
        return cookies[COOKIE].value if COOKIE in cookies else ""

    def answer(self, body: bytes, status: int, cookie: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            safe = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if self.secure else "")
            self.send_header("Set-Cookie", cookie + safe)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

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
        class Mine(Handler):
            logins = Logins(SystemClock().now)
            secure = certificate is not None

        self._server = Few((address, port), partial(Mine, directory=str(folder)))
        if certificate is not None:
            secrecy = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secrecy.load_cert_chain(*certificate)
            self._server.secrecy = secrecy
        self.port = self._server.server_address[1]

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
