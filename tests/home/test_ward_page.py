"""The ward's page in a real browser, with two hundred beds and the supplied rights."""

import json
import time

import pytest

from device.home.hub.pairing import RIGHTS
from device.home.hub.web import Page
from tests.home.around import Listener, soon
from tests.home.conftest import supplied_with
from tests.home.test_page import look, shoot, websockets

pytestmark = pytest.mark.full
STATES = ("settled", "restless", "needs_checking", "unknown")
BEDS = [f"room-{n}" for n in range(1, 201)]


@pytest.fixture
def ward(tmp_path):
    """Two hundred beds, of which every ninth is away; `night` may watch all but the last ten."""
    rights = "user night\n" + "".join(
        f"topic {way} nocturne/{bed}/{what}\n" for bed in BEDS[:190]
        for way, what in RIGHTS["watcher"])
    rights += "user tester\ntopic readwrite nocturne/#\n"
    with supplied_with(tmp_path, rights, ("night", "tester")) as broker:
        tester = Listener(broker.port, "nocturne/x", "tester", "tester")
        for n, bed in enumerate(BEDS):
            tester.send(f"nocturne/{bed}/avail", b"offline" if n % 9 == 8 else b"online",
                        retain=True)
            tester.send(f"nocturne/{bed}/state/care", STATES[n % 4].encode(), retain=True)
            tester.send(f"nocturne/{bed}/state/session", b"asleep", retain=True)
        yield broker, tester
        tester.close()


@pytest.fixture(scope="module")
def page():
    page = Page(0, "127.0.0.1")
    page.start()
    yield page
    page.stop()


def enter(browser, page, broker):
    look(browser, page, "ward.html")
    for field, text in (("username", "night"), ("password", "night")):
        browser.tab_to(field)
        browser.type(text)
    browser.tab_to("Somewhere else")
    browser.enter()
    browser.tab_to("address")
    browser.type(f"ws://127.0.0.1:{websockets(broker)}")
    browser.enter()


def items(browser):
    return json.loads(browser.run(
        "JSON.stringify([...document.querySelectorAll('#beds li:not([hidden])')]"
        ".map(item => [item.firstChild.textContent, item.lastChild.textContent]))"))


def test_two_hundred_beds_are_painted_and_follow_within_a_second(browser, page, ward):
    broker, tester = ward
    began = time.monotonic()
    enter(browser, page, broker)
    assert soon(lambda: len(items(browser)) == 190)
    assert time.monotonic() - began < 20        # the typing is most of it; see below
    painted = browser.run("performance.getEntriesByType('paint').at(-1).startTime")
    assert painted < 1000
    shown = dict(items(browser))
    for n, bed in enumerate(BEDS[:190]):
        word = {"settled": "Settled", "restless": "Restless", "needs_checking": "Needs checking",
                "unknown": "Unknown"}[STATES[n % 4]]
        assert shown[bed] == ("Silent" if n % 9 == 8 else word)
    began = time.monotonic()
    tester.send("nocturne/room-1/state/care", b"needs_checking", retain=True)
    assert soon(lambda: items(browser)[0] == ["room-1", "Needs checking"])
    assert time.monotonic() - began < 1.0
    shoot(browser, "ward")


def test_a_filter_works_by_keyboard_and_what_is_lost_is_never_settled(browser, page, ward):
    broker, _ = ward
    enter(browser, page, broker)
    assert soon(lambda: len(items(browser)) == 190)
    browser.tab_to("settled")
    browser.key(" ", 32, " ")
    assert soon(lambda: "Settled" not in dict(items(browser)).values())
    broker.stop(kill=True)
    assert soon(lambda: browser.text("old").startswith("No connection to the hub since"))
    assert set(dict(items(browser)).values()) == {"Unknown"}


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_wrong_with_the_ward(browser, page, ward, axe, scheme):
    broker, _ = ward
    browser.scheme(scheme)
    enter(browser, page, broker)
    assert soon(lambda: len(items(browser)) == 190)
    browser.ask("Page.setBypassCSP", enabled=True)
    browser.run(axe)
    browser.run("axe.run().then(found => { window.found = JSON.stringify(found.violations.map("
                "v => [v.id, v.nodes.map(n => n.html.slice(0, 160))])) })")
    assert soon(lambda: browser.run("window.found"), 30)
    assert json.loads(browser.run("window.found")) == []
    assert browser.run("document.documentElement.scrollWidth <= innerWidth"), "wider than a phone"
    shoot(browser, f"ward-{scheme}")


def test_a_bed_that_is_gone_leaves_the_page_and_no_word_hides_one(browser, page, ward):
    broker, tester = ward
    enter(browser, page, broker)
    assert soon(lambda: len(items(browser)) == 190)
    tester.send("nocturne/room-2/state/name", b"<img src=x onerror=document.title='out'>",
                retain=True)
    tester.send("nocturne/room-3/state/care", b"constructor", retain=True)
    for what in ("avail", "state/care", "state/name"):
        tester.send(f"nocturne/room-1/{what}", b"", retain=True)
    assert soon(lambda: len(items(browser)) == 189)
    shown = dict(items(browser))
    assert "room-1" not in shown and shown["room-3"] == "Unknown"
    assert "<img src=x onerror=document.title='out'>" in shown
    assert browser.run("document.title") == "Nocturne: the ward"
