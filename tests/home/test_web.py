"""The page's server alone: by TLS, and whoever clings to it."""

import http.client
import json
import socket
import ssl
import subprocess
import time

import pytest

from device.home.hub import web
from device.home.hub.web import MOST, Page
from device.sentences import languages
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


# ---- who is logged in ----------------------------------------------------------------------------

@pytest.fixture
def served():
    page = Page(0, "127.0.0.1")
    page.start()
    yield page
    page.stop()


def request(page, method, path, body=None, **headers):
    link = http.client.HTTPConnection("127.0.0.1", page.port, timeout=5)
    try:
        link.request(method, path, body, headers)
        answer = link.getresponse()
        return answer.status, answer.getheader("Set-Cookie") or "", answer.read()
    finally:
        link.close()


JSON = {"Content-Type": "application/json"}
LOGIN = b'{"username": "nurse", "password": "secret"}'


def test_a_login_is_had_again_by_its_token_alone_and_not_after_logging_out(served):
    status, cookie, _ = request(served, "POST", "/session", LOGIN, **JSON)
    assert status == 204 and {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    token = cookie.partition(";")[0]
    assert request(served, "GET", "/session", Cookie=token)[::2] == (200, LOGIN)
    assert request(served, "GET", "/session")[::2] == (204, b"")
    assert request(served, "GET", "/session", Cookie=f"{token[:-2]}00")[0] == 204
    assert request(served, "GET", "/session", Cookie="nocturne=zz; x")[0] == 204
    request(served, "DELETE", "/session", Cookie=token)
    assert request(served, "GET", "/session", Cookie=token)[0] == 204


def test_what_is_no_login_is_refused_so_that_no_other_sites_form_can_send_one(served):
    assert request(served, "POST", "/session", LOGIN)[0] == 400
    assert request(served, "POST", "/session", b"x" * 5000, **JSON)[0] == 400
    assert request(served, "POST", "/session", b"", **JSON)[0] == 400
    assert request(served, "POST", "/", LOGIN, **JSON)[0] == 400


def test_logins_end_after_thirty_days_and_lie_sealed_in_memory():
    now = [0.0]
    logins = web.Logins(lambda: now[0])
    token = logins.keep(LOGIN)
    assert b"secret" not in repr(vars(logins)).encode() and token not in repr(vars(logins))
    now[0] = 30 * 86_400 - 1.0
    assert logins.open(token) == LOGIN
    now[0] += 2.0
    assert logins.open(token) is None


def test_the_oldest_login_gives_way():
    logins = web.Logins(lambda: 0.0)
    tokens = [logins.keep(LOGIN) for _ in range(web.MOST_LOGINS + 1)]
    assert logins.open(tokens[0]) is None and logins.open(tokens[1]) == LOGIN


def test_the_page_is_served_as_it_lies_and_in_each_language(served):
    for name in web.SERVED:
        assert request(served, "GET", f"/{name}")[::2] == (200, (web.FOLDER / name).read_bytes())
    names = json.loads(request(served, "GET", "/words/languages.json")[2])
    assert names["en"] == "English" and set(names) == set(languages())
    assert json.loads(request(served, "GET", "/words/zh.json")[2])["Stop now"] == "立即停止"
    for path in ("/words/xx.json", "/words/", "/web.py", "/style.css/..", "/."):
        assert request(served, "GET", path)[0] == 404, path
