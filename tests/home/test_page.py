"""The page in a real browser against a real broker with the supplied ACL, by keyboard alone."""

import json
import os
import queue
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import resvg_py

from device.clock import SystemClock
from device.home.fields import FIELDS
from device.home.hub.web import Page
from device.home.mqtt import Home
from device.home.settings import Settings
from tests.home.around import soon
from tests.home.test_home_assistant import FACTS, STATE

PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="600" height="200">
<rect width="600" height="200" fill="#223"/>
<path d="M0 40H80V90H160V160H260V90H330V120H420V160H600"
      stroke="#9db4ff" stroke-width="4" fill="none"/>
</svg>"""
pytestmark = pytest.mark.full
SUMMARY = {
    "sol": 14,
    "tst": 431,
    "waso": 25,
    "wakings": 2,
    "lights_out": 1.7672184e9,
    "out_of_bed": 1.7672472e9,
}


@pytest.fixture(scope="module")
def page():
    page = Page(0, "127.0.0.1")
    page.start()
    yield page
    page.stop()


@pytest.fixture
def bed(supplied, tmp_path):
    """A bed that obeys at once."""
    inbox = queue.SimpleQueue()
    there = Settings(host="127.0.0.1", port=supplied.port, bed="bed1", password="bed1")
    home = Home(there, inbox, SystemClock(), FACTS)
    home.start()
    home.tell(
        {**STATE, "summary": SUMMARY, "picture": bytes(resvg_py.svg_to_bytes(svg_string=PICTURE))}
    )
    stop, got = threading.Event(), []

    def obey():
        while not stop.is_set():
            try:
                got.append(inbox.get(timeout=0.05))
            except queue.Empty:
                continue
            if got[-1].kind in FIELDS and got[-1].kind != "firmware":
                home.tell({got[-1].kind: got[-1].value})
            if home.answers:
                home.tell({"heard": (got[-1].kind, got[-1].id, home.refuses)})
    home.answers, home.refuses = True, ""
    thread = threading.Thread(target=obey)
    thread.start()
    home.got, home.websockets = got, websockets(supplied)
    yield home
    stop.set()
    thread.join()
    home.stop()


def websockets(broker):
    lines = broker.file.read_text().splitlines()
    return int(lines[lines.index("protocol websockets") - 1].split()[1])


def log_in(browser, page, bed, user):
    browser.open(f"http://127.0.0.1:{page.port}/")
    for field, text in (("username", user), ("password", user)):
        browser.tab_to(field)
        browser.type(text)
    browser.tab_to("Somewhere else")
    browser.enter()
    browser.tab_to("address")
    browser.type(f"ws://127.0.0.1:{bed.websockets}")
    browser.enter()


def shots(name):
    folder = os.environ.get("NOCTURNE_SHOTS")
    return Path(folder) / f"{name}.png" if folder else None


def test_a_caregiver_sees_the_night_and_commands_the_bed_by_keyboard_alone(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    assert soon(lambda: browser.text("headline") == "Sleeping"), (
        browser.text("link"),
        browser.problems,
    )
    assert browser.text("care") == "Settled" and "rain has helped most" in browser.text("reason")
    assert browser.focus() == "sound"
    browser.enter()
    assert soon(
        lambda: (
            browser.run("document.getElementById('sound').getAttribute('aria-checked')") == "true"
        )
    )
    browser.tab_to("volume")
    browser.key("ArrowRight", 39)
    assert soon(lambda: [c.value for c in bed.got if c.kind == "volume"] == [0.41])
    assert soon(lambda: browser.text("volume-shown") == "41 %")
    browser.tab_to("programme")
    browser.key("r", 82, "r")
    browser.tab()
    assert soon(lambda: [c.value for c in bed.got if c.kind == "programme"] == ["rain"])
    browser.tab_to("alarm-off")
    browser.enter()
    assert soon(lambda: browser.text("alarm-shown") == "No alarm is set")
    assert "Fell asleep after\n15 min" in browser.text("summary") and "one or two" in browser.text(
        "summary"
    )
    assert browser.run("document.documentElement.scrollWidth <= innerWidth"), "wider than a phone"
    assert browser.run("document.getElementById('picture').naturalWidth") == 600
    assert not browser.problems
    if shots("x"):
        for scheme in ("dark", "light"):
            browser.scheme(scheme)
            browser.shoot(shots(f"page-{scheme}"))


def test_what_is_asked_back_can_be_tapped_on_the_page(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    assert soon(lambda: browser.text("headline") == "Sleeping")
    bed.tell({"choices": ("no bells", "bells please")})
    assert soon(lambda: browser.text("choices").split("\n") == ["no bells", "bells please"])
    browser.run("document.querySelector('#choices button').click()")
    assert soon(lambda: [c.value for c in bed.got if c.kind == "choose"] == ["no bells"])
    bed.tell({"choices": ()})
    assert soon(lambda: browser.text("choices") == "")


def test_a_viewer_may_look_and_is_told_so(browser, page, bed):
    log_in(browser, page, bed, "grandma")
    assert soon(lambda: browser.text("headline") == "Sleeping")
    browser.tab_to("sound")
    browser.enter()
    assert soon(lambda: "may look" in browser.text("answer"), 8)
    assert (
        not bed.got
        and browser.run("document.getElementById('sound').getAttribute('aria-checked')") == "false"
    )


def test_a_wrong_password_is_told_and_an_absent_bed_is_shown(browser, page, bed):
    log_in(browser, page, bed, "nobody")
    assert soon(lambda: "doesn't know" in browser.text("enter-trouble")), (
        browser.text("link"),
        browser.problems,
    )
    assert browser.text("link") == "Not connected"
    if shots("x"):
        browser.shoot(shots("page-enter"))
    log_in(browser, page, bed, "nurse")
    assert soon(lambda: browser.text("headline") == "Sleeping")
    bed.stop()
    assert soon(lambda: not browser.run("document.getElementById('away').hidden"))


def test_everything_that_can_be_operated_has_a_name(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    assert soon(lambda: browser.text("headline") == "Sleeping")
    names = browser.names()
    assert len(names) >= 9 and all(name for _, name in names), names


def test_only_the_pages_own_files_are_served_and_nobody_else_may_be_called(page):
    def get(path):
        return urllib.request.urlopen(f"http://127.0.0.1:{page.port}{path}")
    with get("/") as answer:
        assert (
            "default-src 'none'" in answer.headers["Content-Security-Policy"]
            and b"Nocturne" in answer.read()
        )
    for path in ("/../mqtt.py", "/%2e%2e/mqtt.py", "/mqtt.py", "/node_modules/"):
        with pytest.raises(urllib.error.HTTPError):
            get(path)
