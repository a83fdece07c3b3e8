"""The page's server alone: by TLS, and whoever clings to it."""

import http.client
import socket
import ssl
import subprocess
import time

import pytest

from device.home.hub import web
from device.home.hub.web import MOST, Page
from tests.home.around import soon


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("good night")
    return tmp_path / "page"


def ask(port, context=None):
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    link = kind("127.0.0.1", port, timeout=5, **({"context": context} if context else {}))
    try:
        link.request("GET", "/index.html")
        return link.getresponse().read()
    finally:
        link.close()


def test_the_page_comes_by_tls_with_the_hubs_own_authority(folder, tmp_path):
    names = ("-keyout", tmp_path / "key", "-out", tmp_path / "crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=hub",
                    "-addext", "subjectAltName=IP:127.0.0.1", *names],
                   check=True, capture_output=True)
    page = Page(0, "127.0.0.1", folder, (tmp_path / "crt", tmp_path / "key"))
    page.start()
    silent = socket.create_connection(("127.0.0.1", page.port))      # never begins its handshake
    context = ssl.create_default_context(cafile=tmp_path / "crt")
    assert ask(page.port, context) == b"good night"
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(page.port)
    silent.close()
    page.stop()


def test_hundreds_of_idle_connections_are_let_go_and_the_page_comes_back(folder, monkeypatch):
    monkeypatch.setattr(web, "PATIENCE", 0.5)
    monkeypatch.setattr(web.Handler, "timeout", 0.5)
    page = Page(0, "127.0.0.1", folder)
    page.start()
    idle = []
    for _ in range(300):
        idle.append(socket.create_connection(("127.0.0.1", page.port)))
    assert len(idle) > MOST

    def answered():
        try:
            return ask(page.port) == b"good night"
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            return False
    assert soon(answered), "those who say nothing are let go"
    for link in idle:
        link.close()
    page.stop()
