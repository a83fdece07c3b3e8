"""The page in a real browser against a real broker with the supplied ACL, by keyboard alone."""

import json
import os
import queue
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import resvg_py

from device.clock import SystemClock
from device.home.fields import FIELDS
from device.home.hub.web import Page
from device.home.mqtt import Home
from device.home.settings import DeviceFacts, Settings
from tests.home.around import soon
from tests.home.test_home_assistant import STATE

PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="600" height="200">
<rect width="600" height="200" fill="#223"/>
<path d="M0 40H80V90H160V160H260V90H330V120H420V160H600"
      stroke="#9db4ff" stroke-width="4" fill="none"/>
</svg>"""
FACTS = DeviceFacts(programmes=("auto", "rain"), occupancy=True)
pytestmark = pytest.mark.full
SUMMARY = {
    "sol": 14,
    "tst": 431,
    "waso": 25,
    "wakings": 2,
    "lights_out": 1.7672184e9,
    "out_of_bed": 1.7672472e9,
}


NIGHTS = tuple({"began": 1.7672184e9 + 86_400 * (n - 14), "sol": 10 + n, "tst": 420 + 3 * n,
                "waso": 20 + n} for n in range(14))


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
    # It listens there a little later than where `start` waits for it.
    assert soon(lambda: not socket.socket().connect_ex(("127.0.0.1", home.websockets)))
    yield home
    stop.set()
    thread.join()
    home.stop()


def websockets(broker):
    lines = broker.file.read_text().splitlines()
    return int(lines[lines.index("protocol websockets") - 1].split()[1])


def look(browser, page, where=""):
    """Open the page, whatever was there before."""
    browser.open("about:blank")
    browser.open(f"http://127.0.0.1:{page.port}/{where}")


def log_out(browser):
    click(browser, "leave")
    assert soon(lambda: browser.text("link") == "Not connected" and not shown(browser, "bed"))


def shown(browser, element):
    return browser.run(f"!document.getElementById('{element}').hidden")


def log_in(browser, page, bed, user, where=""):
    """By name and password, which are alike."""
    look(browser, page, where)
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


def shoot(browser, name):
    if shots(name):
        browser.shoot(shots(name))


def there(browser, headline="Sleeping"):
    """Logged in, and the bed says so itself."""
    assert soon(lambda: browser.text("headline") == headline), (
        browser.text("link"), browser.text("headline"), browser.problems)


def outcome(browser, control):
    """What stands beside a control about what was asked by it."""
    return browser.run(f"document.getElementById('{control}').closest('section')"
                       ".querySelector('.outcome').innerText")


def click(browser, control):
    browser.run(f"document.getElementById('{control}').click()")


# ---- what one sees and asks ----------------------------------------------------------------------

def test_a_caregiver_sees_the_night_and_commands_the_bed_by_keyboard_alone(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    there(browser)
    assert browser.text("care") == "Settled" and "rain has helped most" in browser.text("reason")
    assert browser.focus() == "sound"
    browser.enter()
    assert soon(
        lambda: (
            browser.run("document.getElementById('sound').getAttribute('aria-checked')") == "true"
        )
    )
    assert soon(lambda: outcome(browser, "sound") == "Done.")
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
    assert soon(lambda: "No alarm is set" in browser.text("alarm-shown"))
    assert "Fell asleep after\n15 min" in browser.text("summary") and "one or two" in browser.text(
        "summary"
    )
    assert browser.run("document.documentElement.scrollWidth <= innerWidth"), "wider than a phone"
    assert browser.run("document.getElementById('picture').naturalWidth") == 600
    assert not browser.problems
    for scheme in ("dark", "light"):
        browser.scheme(scheme)
        shoot(browser, f"page-{scheme}")


def test_what_is_asked_back_can_be_tapped_on_the_page(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    there(browser)
    bed.tell({"choices": ("no bells", "bells please")})
    assert soon(lambda: browser.text("choices").split("\n") == ["no bells", "bells please"])
    browser.run("document.querySelector('#choices button').click()")
    assert soon(lambda: [c.value for c in bed.got if c.kind == "choose"] == ["no bells"])
    bed.tell({"choices": ()})
    assert soon(lambda: browser.text("choices") == "")


def test_a_viewer_may_look_and_is_told_so(browser, page, bed):
    log_in(browser, page, bed, "grandma")
    there(browser)
    browser.tab_to("sound")
    browser.enter()
    assert soon(lambda: "may look" in outcome(browser, "sound"), 8)
    assert (
        not bed.got
        and browser.run("document.getElementById('sound').getAttribute('aria-checked')") == "false"
    )


def test_a_household_without_home_assistant_finds_everything_on_the_page(browser, page, bed):
    bed.tell({"nights": NIGHTS, "pictured": SUMMARY["lights_out"], "occupancy": True,
              "message": "the doctor comes at ten", "error": "the sensor is unplugged: plug it in",
              "problem": True, "next_alarm": 1.7672472e9})
    log_in(browser, page, bed, "nurse")
    there(browser)
    asked = {"privacy": True, "sharing": True, "identify": None, "firmware": None}
    for control in asked:
        click(browser, control)
        assert soon(lambda control=control: [
            c.value for c in bed.got if c.kind == control] == [asked[control]]), control
        assert soon(lambda control=control: outcome(browser, control) == "Done."), control
    bed.tell({"privacy": False})
    for control, typed, value in (("volume_cap", "70", 0.7), ("light", "20", 0.2),
                                  ("quiet_from", "21:30", 1290), ("quiet_to", "06:15", 375),
                                  ("timer", "45", 45.0), ("alarm_sunday", "off", -1)):
        browser.run(f"e = document.getElementById('{control}'); e.value = '{typed}';"
                    "e.dispatchEvent(new Event('change'))")
        assert soon(lambda control=control, value=value: [
            c.value for c in bed.got if c.kind == control] == [value]), control
    assert soon(lambda: browser.text("occupancy") == "In bed")
    assert "the doctor comes at ten" in browser.text("message")
    assert "the sensor is unplugged: plug it in" in browser.text("problem-list")
    assert browser.run("document.querySelectorAll('#nights li').length") == 14
    assert "slept 7 h 0 min" in browser.run("document.querySelector('#nights li').textContent")
    words = browser.text("bed")
    assert "once in 28 days" in words and "fewer than ten beds" in words
    assert "0.1.1 waits to be installed" in words
    click(browser, "enlarge")
    assert browser.run("document.getElementById('large').open") and "2025" not in words
    assert "The night of" in browser.text("large-title")
    shoot(browser, "page-enlarged")
    assert not browser.problems


# ---- nobody is misled ----------------------------------------------------------------------------

def another(supplied, name, **state):
    """A bed beside the first."""
    home = Home(Settings(host="127.0.0.1", port=supplied.port, bed=name, password=name),
                queue.SimpleQueue(), SystemClock(), FACTS)
    home.start()
    home.tell({**STATE, **state})
    return home


def test_no_beds_state_is_shown_under_anothers_name(browser, page, bed, supplied):
    other = another(supplied, "bed2", session="waking", reason="of the other bed")
    log_in(browser, page, bed, "homeassistant")
    assert soon(lambda: browser.text("bed-list").split("\n") == ["bed1", "bed2"])
    browser.run("document.querySelector('[data-bed=bed1]').click()")
    there(browser)
    browser.run("document.querySelector('[data-bed=bed2]').click()")
    assert "rain has helped" not in browser.text("bed")
    there(browser, "Waking")
    assert "of the other bed" in browser.text("reason") and "bed2" in browser.text("bed-name")
    log_out(browser)
    log_in(browser, page, bed, "grandma", "#bed2")
    assert soon(lambda: "There is no bed called bed2" in browser.text("beds-trouble")), (
        browser.text("link"), browser.text("enter-trouble"), browser.text("bed-list"),
        browser.run("location.href"), browser.problems)
    assert not shown(browser, "bed") and browser.text("bed-list") == "bed1"
    look(browser, page, "#nowhere")
    assert soon(lambda: "There is no bed called nowhere" in browser.text("beds-trouble"))
    assert not shown(browser, "bed")
    other.stop()


def test_beds_are_called_by_their_names_and_two_of_one_name_are_told_apart(
    browser, page, bed, supplied
):
    other = another(supplied, "bed2")
    for names, listed in ((("Ada", "Ben"), ["Ada", "Ben"]),
                          (("Ada", "Ada"), ["Ada (bed1)", "Ada (bed2)"])):
        bed.tell({"name": names[0]})
        other.tell({"name": names[1]})
        log_in(browser, page, bed, "homeassistant")
        assert soon(lambda listed=listed: browser.text("bed-list").split("\n") == listed)
        log_out(browser)
    other.stop()


def test_a_command_counts_once_the_device_itself_answered_it(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    there(browser)
    bed.answers = False
    for control in ("stop", "sound"):
        click(browser, control)
        assert soon(lambda control=control: [c for c in bed.got if c.kind == control])
        assert outcome(browser, control) == ""
        assert soon(lambda control=control: "No answer from the bed" in outcome(browser, control))
    browser.run("document.getElementById('say').value = 'no bells'")
    browser.run("document.getElementById('say-form').requestSubmit()")
    assert soon(lambda: "No answer from the bed" in outcome(browser, "say"))
    shoot(browser, "page-unanswered")
    bed.answers = True
    browser.run("document.querySelector('.outcome button').click()")
    assert soon(lambda: outcome(browser, "stop") == "Done.")


def test_a_refusal_is_shown_in_the_beds_own_words(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    there(browser)
    bed.refuses = "alarm 400: the time zone isn't known"
    click(browser, "alarm-off")
    assert soon(lambda: "The bed refused: alarm 400" in outcome(browser, "alarm-off"))


def test_a_wrong_password_is_told_and_an_absent_bed_is_the_headline(browser, page, bed):
    log_in(browser, page, bed, "nobody")
    assert soon(lambda: "doesn't know" in browser.text("enter-trouble")), (
        browser.text("link"),
        browser.problems,
    )
    assert browser.text("link") == "Not connected"
    shoot(browser, "page-enter")
    log_in(browser, page, bed, "nurse")
    there(browser)
    bed.stop()
    assert soon(lambda: browser.text("headline") == "The bed is away")
    assert "from before" in browser.text("age") and "Last known: Sleeping" in browser.text("age")
    shoot(browser, "page-away")


def test_a_bed_whose_clock_differs_is_told_of(browser, page, bed):
    bed.clock = Ahead()
    log_in(browser, page, bed, "nurse")
    there(browser)
    assert soon(lambda: "differ by 2 min" in browser.text("problem-list"))


class Ahead(SystemClock):
    def wall(self):
        return super().wall() + 120


# ---- whatever dies -------------------------------------------------------------------------------

def powerless(bed, supplied):
    bed._goodbye = bed.link.cut         # no DISCONNECT
    bed.stop()


def frozen(bed, supplied):
    """It holds its connection and says nothing any more; the broker finds out much later."""
    bed._goodbye = lambda: None
    bed._stopping.set()
    bed._thread.join()


def brokerless(bed, supplied):
    supplied.stop()


def both_gone(bed, supplied):
    """The broker comes back and still has "online" of a bed that never will."""
    os.kill(supplied.pid, signal.SIGUSR1)       # it writes down what is retained
    time.sleep(0.5)
    supplied.stop(kill=True)
    bed._goodbye = lambda: None
    bed.stop()
    supplied.start()


SESSIONS = ["idle", "winding_down", "sleeping", "awake", "waking"]
DEATHS = {powerless: "The bed is away", frozen: "The bed is silent",
          brokerless: "No connection to the hub", both_gone: "The bed is silent"}


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.__name__)
def test_whatever_dies_no_state_of_the_past_is_shown_as_now(
    browser, page, bed, supplied, death, session
):
    """With a command on its way, and looked at anew as far as that can be."""
    headline = session.replace("_", " ").capitalize()
    bed.tell({"session": session})
    log_in(browser, page, bed, "nurse")
    there(browser, headline)
    bed.answers = False
    click(browser, "stop")
    death(bed, supplied)
    assert soon(lambda: browser.text("headline") == DEATHS[death], 40), browser.text("headline")
    shoot(browser, f"page-{death.__name__}")
    assert "from before" in browser.text("age") and headline in browser.text("age")
    assert "Done." not in outcome(browser, "stop")
    assert soon(lambda: "Try again" in outcome(browser, "stop"))
    browser.run("document.querySelector('.outcome button').click()")
    assert soon(lambda: "Try again" in outcome(browser, "stop") and (
        "No answer" in outcome(browser, "stop") or "Not sent" in outcome(browser, "stop")))
    if death is brokerless:
        return                      # there is nothing to log in to
    look(browser, page, "#bed1")
    assert soon(lambda: shown(browser, "bed"))
    seen = {browser.text("headline") for _ in range(100) if not time.sleep(0.15)}
    assert seen <= {DEATHS[death], "Waiting for a sign of life …"} and DEATHS[death] in seen
    assert "from before" in browser.text("age") and headline in browser.text("age")


def test_a_hub_that_dies_takes_nothing_from_a_page_that_is_open(browser, bed):
    page = Page(0, "127.0.0.1")
    page.start()
    log_in(browser, page, bed, "nurse")
    there(browser)
    page.stop()
    click(browser, "sound")
    assert soon(lambda: outcome(browser, "sound") == "Done.")
    bed.tell({"session": "awake"})
    there(browser, "Awake")


def test_a_bed_that_comes_back_is_now_again(browser, page, bed, supplied):
    log_in(browser, page, bed, "nurse")
    there(browser)
    supplied.stop()
    assert soon(lambda: browser.text("headline") == "No connection to the hub")
    supplied.start()
    assert soon(lambda: browser.text("headline") == "Sleeping" and not browser.text("age"), 60)


# ---- coming back, and for everybody --------------------------------------------------------------

def test_a_login_survives_a_reload_by_a_token_and_the_password_is_stored_nowhere(
    browser, page, bed
):
    log_in(browser, page, bed, "nurse")
    there(browser)
    look(browser, page, "#bed1")
    there(browser)
    kept = browser.run("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert "nurse" not in kept
    log_out(browser)
    look(browser, page)
    time.sleep(1)
    assert browser.text("link") == "Not connected" and not shown(browser, "bed")


@pytest.mark.parametrize("language", ["English", "中文"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_wrong_on_a_phone(browser, page, bed, axe, scheme, language):
    bed.tell({"nights": NIGHTS, "pictured": SUMMARY["lights_out"], "problem": True,
              "error": "no hub; no sensor"})
    browser.scheme(scheme)
    log_in(browser, page, bed, "nurse")
    there(browser)
    browser.run("const l = document.getElementById('language');"
                f"l.value = [...l.options].find(o => o.text === '{language}').value;"
                "l.dispatchEvent(new Event('change'))")
    asleep = {"English": "Sleeping", "中文": "睡眠中"}[language]
    there(browser, asleep)
    click(browser, "stop")
    assert soon(lambda: outcome(browser, "stop"))
    browser.ask("Page.setBypassCSP", enabled=True)
    browser.run(axe)
    browser.run("axe.run().then(found => { window.found = JSON.stringify(found.violations.map("
                "v => [v.id, v.nodes.map(n => n.html.slice(0, 160))])) })")
    assert soon(lambda: browser.run("window.found"), 30)
    assert json.loads(browser.run("window.found")) == []
    assert browser.run("document.documentElement.scrollWidth <= innerWidth"), "wider than a phone"
    shoot(browser, f"page-{scheme}-{'en' if language == 'English' else 'zh'}")


def test_everything_that_can_be_operated_has_a_name(browser, page, bed):
    log_in(browser, page, bed, "nurse")
    there(browser)
    names = browser.names()
    assert len(names) >= 20 and all(name for _, name in names), names


def test_only_the_pages_own_files_are_served_and_nobody_else_may_be_called(page):
    def get(path):
        return urllib.request.urlopen(f"http://127.0.0.1:{page.port}{path}")
    with get("/") as answer:
        assert (
            "default-src 'none'" in answer.headers["Content-Security-Policy"]
            and b"Nocturne" in answer.read()
        )
    for path in ("/../mqtt.py", "/%2e%2e/mqtt.py", "/mqtt.py", "/words/../x.json", "/words/x.json"):
        with pytest.raises(urllib.error.HTTPError):
            get(path)
