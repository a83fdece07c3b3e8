"""A real HTTPS server on the loopback that does as it is told: cuts, lies, trickles, leads
elsewhere; and small bundles with a signature of their own."""

import hashlib
import http.server
import json
import random
import re
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from image import keys
from image.board.fetch import BLOCK, DIGEST, SQUASHFS, Manifest, Refused
from image.host import missing


def certify(folder: Path) -> tuple[Path, Path]:
    """A server's key and certificate, which is its own authority."""
    if lacking := missing(("openssl",)):
        pytest.skip(f"missing: apt-get install {' '.join(lacking)}")
    folder.mkdir()
    key, certificate = folder / "key", folder / "crt"
    keys.make(key, certificate, "localhost", "subjectAltName=DNS:localhost")
    return key, certificate


class Gone(Exception):
    """The line is cut."""


class Hub:
    """Serves `data` under `etag`. `cut`: the line breaks after so many bytes of bodies, and stays
    broken. `odd(handler)` may answer instead; it returns whether it did. `sent` bytes of bodies,
    and `asked`: the headers of each request."""

    def __init__(self, key: Path, certificate: Path):
        self.certificate = certificate
        self.data, self.etag, self.ranges = b"", '"one"', True
        self.cut: int | None = None
        self.clean = True               # whether the cut is a close, or a reset
        self.heeds = True               # If-Range
        self.odd: Callable = lambda handler: False
        self.sent, self.asked = 0, []

        class Handler(Answer):
            hub = self

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self):
        hub = self.hub
        hub.asked.append(dict(self.headers))
        if hub.odd(self):
            return
        known = self.headers.get("If-None-Match", "").split(", ")
        if hub.etag and hub.etag in known:
            return self.say(304)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        same = not hub.heeds or self.headers.get("If-Range", hub.etag) == hub.etag
        if not (asked and hub.ranges and same):
            return self.say(200, hub.data)
        start, end = int(asked[1]), min(int(asked[2]) + 1, len(hub.data))
        self.say(206, hub.data[start:end], **{"Content-Range": self.span(start, end)})

    def span(self, start: int, end: int) -> str:
        return f"bytes {start}-{end - 1}/{len(self.hub.data)}"

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        if self.hub.etag:
            headers.setdefault("ETag", self.hub.etag)
        if status != 304:
            headers.setdefault("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(Gone, OSError):
            self.pour(body)

    def pour(self, body: bytes) -> None:
        hub = self.hub
        for at in range(0, len(body), 4096):
            piece = body[at:at + 4096]
            if hub.cut is not None and hub.sent + len(piece) > hub.cut:
                piece = piece[:hub.cut - hub.sent]
                self.wfile.write(piece)
                hub.sent += len(piece)
                self.hang_up()
                raise Gone
            self.wfile.write(piece)
            hub.sent += len(piece)

    def hang_up(self) -> None:
        self.close_connection = True
        if self.hub.clean:
            with suppress(OSError):
                self.connection.unwrap()
        self.connection.close()

    def log_message(self, *_):
        pass


def bundle(image: bytes, version: str = "2", index: bytes | None = None, key: bytes = b"key",
           **more) -> bytes:
    """As image/update.py lays one out: head, root, index, something, and a signed manifest at the
    end."""
    if index is None:
        index = index_of(image)
    said = {"version": version, "size": len(image), "indexed": True,
            "checksum": hashlib.sha256(image).hexdigest(), **more}
    manifest = json.dumps(said).encode()
    head = SQUASHFS + bytes(92) + b"[update]\nversion=" + version.encode() + b"\n"
    tree = random.Random(version).randbytes(5000)
    return (head + image + index + tree + manifest + hashlib.sha256(key + manifest).digest()
            + len(manifest).to_bytes(8, "big"))


def index_of(image: bytes) -> bytes:
    assert len(image) % BLOCK == 0
    return b"".join(
        hashlib.sha256(image[at:at + BLOCK]).digest() for at in range(0, len(image), BLOCK))


def root(seed: int, blocks: int) -> bytes:
    """A squashfs of so many blocks, as far as anybody here looks into it."""
    return SQUASHFS + random.Random(seed).randbytes(blocks * BLOCK - len(SQUASHFS))


def judge(path: Path) -> Manifest:
    """What `bundle` vouches for, as RAUC would find it."""
    with open(path, "rb") as file:
        begins = file.read(4)
        size = file.seek(0, 2)
        file.seek(size - 8)
        length = int.from_bytes(file.read(8), "big")
        if length > size:
            raise Refused("signature size exceeds bundle size")
        file.seek(size - 8 - DIGEST - length)
        manifest, signature = file.read(length), file.read(DIGEST)
    if begins != SQUASHFS or signature != hashlib.sha256(b"key" + manifest).digest():
        raise Refused("signature verification failed")
    return Manifest(**json.loads(manifest))
