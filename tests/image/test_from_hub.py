"""An update from the hub: a real HTTPS server on the loopback, and whom the device believes."""

import http.server
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from image.board import data
from image.host import missing

BUNDLE = b"a bundle" * 50_000


@pytest.fixture
def update(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import update as module
    monkeypatch.setattr(module, "FETCHED", tmp_path / "update.raucb")
    monkeypatch.setattr(module, "SEEN", tmp_path / "seen")
    monkeypatch.setattr(module, "CONFIG", tmp_path / "nocturne.toml")
    yield module
    sys.modules.pop("update"), sys.modules.pop("tryboot", None)


def certify(folder: Path) -> tuple[Path, Path]:
    """A server's key and certificate, which is its own authority."""
    folder.mkdir()
    key, certificate = folder / "key", folder / "crt"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate


class Hub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("If-None-Match") == "one":
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BUNDLE)))
        self.send_header("ETag", "one")
        self.end_headers()
        self.wfile.write(BUNDLE)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tmp_path, update, monkeypatch):
    """The server's certificate, and somebody else's."""
    if lacking := missing(("openssl",)):
        pytest.skip(f"missing: apt-get install {' '.join(lacking)}")
    key, certificate = certify(tmp_path / "hub")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(update, "PORT", server.server_port)
    yield certificate, certify(tmp_path / "stranger")[1]
    server.shutdown()
    server.server_close()


def trust(update, certificate) -> None:
    update.CONFIG.write_text(f'[home]\nhost = "localhost"\nca = "{certificate}"\n')


def test_a_bundle_is_fetched_once_from_the_hub_that_is_trusted(update, hub):
    trust(update, hub[0])
    assert update.from_hub().read_bytes() == BUNDLE
    assert update.from_hub() is None            # not changed since


def test_a_hub_with_another_certificate_is_not_believed(update, hub, capsys):
    trust(update, hub[1])
    assert update.from_hub() is None
    assert not update.FETCHED.exists() and "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().err


def test_a_bundle_too_large_for_the_card_is_refused(update, hub, monkeypatch):
    monkeypatch.setattr(update, "LARGEST", 1000)
    trust(update, hub[0])
    assert update.from_hub() is None and not update.FETCHED.exists()


def test_without_a_hub_or_its_authority_nothing_is_asked(update):
    update.CONFIG.write_text('[home]\nhost = "localhost"\n')
    assert update.from_hub() is None


def test_the_hubs_bundle_waits_until_it_is_asked_for_or_until_the_noon_after_a_day(
    update, tmp_path, monkeypatch
):
    monkeypatch.setattr(update, "ASKED", tmp_path / "install")
    update.FETCHED.write_bytes(BUNDLE)
    fetched = update.FETCHED.stat().st_mtime
    # one noon from hour 21 on
    hours = [hour for hour in range(45) if update.due(fetched + 3600 * hour)]
    assert len(hours) == 1 and hours[0] > 20
    assert update.time.localtime(fetched + 3600 * hours[0]).tm_hour == 12
    update.ASKED.touch()
    assert update.due(fetched)


@pytest.mark.parametrize(
    "version, word",
    [
        ("0.0.1", "older than 0.1.0.7"),
        ("0.1.0.8", "compatible mismatch"),
        ("", "compatible mismatch"),
    ],
)
def test_a_refused_bundle_is_told_with_a_reason_that_a_person_understands(
    update, tmp_path, monkeypatch, version, word
):
    running = tmp_path / "version"
    running.write_text("0.1.0.7\n")
    monkeypatch.setattr(update, "VERSION", running)
    monkeypatch.setattr(update, "offered", lambda _: version)
    assert word in update.reason(tmp_path, "installing\nfailed: compatible mismatch\n")
